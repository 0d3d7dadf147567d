// Times as epoch milliseconds, as OCSF and CEF want them.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

namespace csiem::formats {

// Cut, not rounded, towards the past.
inline int64_t epoch_ms(int64_t unix_ns) noexcept {
  const int64_t ms = unix_ns / 1'000'000;
  return unix_ns % 1'000'000 < 0 ? ms - 1 : ms;
}

// Consumers take what lies outside the years 2000 to 2100 for seconds or microseconds that were sent by mistake.
inline bool plausible_ms(int64_t ms) noexcept { return ms >= 946'684'800'000 && ms <= 4'102'444'800'000; }

}  // namespace csiem::formats
