// How long a server asks us to wait.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string_view>

namespace csiem::http {

inline constexpr uint32_t kMaxRetryAfterMs = 3'600'000;

// Milliseconds from a Retry-After value: seconds, or a date as far from the answer's own `date` (so that a wrong clock
// on either side does not matter; `now_unix_s` stands in when the answer has none). 0 for nothing, nonsense or the
// past; never more than an hour.
uint32_t retry_after_ms(std::string_view value, std::string_view date, int64_t now_unix_s);

}  // namespace csiem::http
