// What Datadog's answers mean. Pure functions.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <csiem/sdk/host.hpp>

#include <cstdint>

namespace csiem::datadog {

struct Sent {
  uint32_t count = 0;    // logs in the request
  uint32_t attempt = 0;  // 0 on the first
  bool compressed = false;
};

struct Reading {
  Verdict verdict;
  bool want_plain = false;  // the intake refuses the compression
};

// One verdict for the whole request; `except` stays empty. Never throws anything but std::bad_alloc.
Reading read_answer(const csiem_http_response& response, const Sent& sent);

// The answer to a health check, either of the key's validation or of the intake.
Verdict read_health(const csiem_http_response& response);

}  // namespace csiem::datadog
