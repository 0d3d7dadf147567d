// What the source's answers mean. Pure functions.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <csiem/sdk/host.hpp>

#include <cstdint>
#include <string>
#include <string_view>

namespace csiem::sumo_logic {

struct Sent {
  uint32_t count = 0;  // messages in the request
  bool compressed = false;
};

struct Reading {
  Verdict verdict;                    // of the request as a whole
  std::string warning_code, warning;  // of a request that was taken, with something to say about it
  bool want_plain = false;            // the compression is refused
  bool endpoint_failed = false;
};

Reading read_answer(const csiem_http_response& response, const Sent& sent);

// Whatever stands behind "/receiver/v1/http/" is the credential. Servers echo it in their error pages.
std::string without_code(std::string_view text);

}  // namespace csiem::sumo_logic
