// What a strict receiver of webhooks checks beside the body: signatures, delivery ids, access tokens.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "platform.hpp"

namespace csiem::doubles {

// What is wrong with the signature of the call by `scheme` ("standard-webhooks", "github", "stripe") and this secret;
// nothing when it is right. Its time may be five minutes off.
std::optional<std::string> wrong_signature(const Call& call, std::string_view scheme, std::string_view secret,
                                           int64_t unix_s);

// What is wrong with webhook-id and Idempotency-Key of a delivery of events with these ids; nothing when they are as
// they have to be: the id of a single event, else msg_ and the hash over the ids.
std::optional<std::string> wrong_delivery_id(const Call& call, const std::vector<std::string>& ids, bool batch);

// A token server for one client (RFC 6749 section 4.4). Tokens end when they expire.
class TokenServer {
 public:
  // `client` is "ID:SECRET".
  TokenServer(std::string client, int64_t lifetime_s) : client_(std::move(client)), lifetime_s_(lifetime_s) {}
  Answer answer(const Call& call, int64_t unix_s);
  bool accepts(std::string_view authorization, int64_t unix_s) const;
  uint64_t issued() const noexcept { return issued_; }

 private:
  std::string client_;
  int64_t lifetime_s_;
  uint64_t issued_ = 0;
  std::map<std::string, int64_t, std::less<>> tokens_;  // and when they end
};

}  // namespace csiem::doubles
