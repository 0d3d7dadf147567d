// What a receiver's answer means. Pure functions.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <csiem/sdk/host.hpp>

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace csiem::webhook {

// Status codes as operators write them: "200-299", "200, 202, 208".
class Codes {
 public:
  Codes() = default;
  // Throws std::invalid_argument naming `setting`.
  static Codes parse(std::string_view text, std::string_view setting);
  bool contain(int32_t status) const noexcept;

 private:
  std::vector<std::pair<int32_t, int32_t>> ranges_;  // both ends included
};

struct Rules {
  Codes success, retry, reject;  // retry and reject go before the built-in table
  std::string success_body_contains;
  bool conflict_is_success = false;
};

// One verdict for the whole request; `except` stays empty. `attempt` is 0 on the first. Never throws anything but
// std::bad_alloc.
Verdict read_answer(const csiem_http_response& response, const Rules& rules, uint32_t attempt);
// Of a health check: delivered when the receiver is there and takes the credential.
Verdict read_health(const csiem_http_response& response);

}  // namespace csiem::webhook
