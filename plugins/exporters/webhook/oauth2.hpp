// Access tokens by client credentials (RFC 6749 section 4.4).
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <csiem/sdk/request.hpp>

#include <cstdint>
#include <string>

namespace csiem::webhook {

struct ClientCredentials {
  std::string token_url, client_id;
  std::string client_secret;              // a handle
  std::string scope, audience, resource;  // empty: not sent
  bool in_body = false;                   // client_secret_post; else client_secret_basic
};

// One token for all requests of an instance. One thread; times are monotonic nanoseconds.
class AccessToken {
 public:
  explicit AccessToken(ClientCredentials credentials) : credentials_(std::move(credentials)) {}

  bool valid(int64_t now) const noexcept { return !token_.empty() && now < valid_until_; }
  // A request for a token is under way; it is given up on after a minute, as its batch may have been cancelled.
  bool awaited(int64_t now) const noexcept { return now < awaited_until_; }
  const std::string& value() const noexcept { return token_; }
  // Changes with every token, so that the refusal of an old one does not cost the new one.
  uint64_t generation() const noexcept { return generation_; }

  // The request for a token. Settled when the host does not lend the secret.
  void write_request(const Host& host, int64_t now, Request& out);
  // The answer to it. Delivered when there is a token now.
  Verdict read_answer(const csiem_http_response& response, int64_t now);
  // The receiver does not take the token of this generation.
  void refuse(uint64_t generation) noexcept;

 private:
  ClientCredentials credentials_;
  std::string token_;
  int64_t valid_until_ = 0, awaited_until_ = 0;
  uint64_t generation_ = 0;
};

}  // namespace csiem::webhook
