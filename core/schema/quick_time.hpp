// Times in the one spelling that the daemon writes: 2026-03-02T08:00:00.123456789Z. Private to this room.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

namespace csiem::schema {

// Milliseconds since 1970; none for every other spelling, for days after the 28th and for years out of 1700 to 2199,
// which the caller asks somebody more thorough about.
inline std::optional<int64_t> usual_time_ms(std::string_view t) noexcept {
  constexpr std::string_view kShape = "0000-00-00T00:00:00.000000000Z";
  if (t.size() != kShape.size()) return std::nullopt;
  unsigned wrong = 0;
  for (std::size_t i = 0; i < kShape.size(); ++i)
    wrong |= kShape[i] == '0' ? static_cast<unsigned>(static_cast<unsigned char>(t[i] - '0') > 9)
                              : static_cast<unsigned>(t[i] != kShape[i]);
  if (wrong != 0) return std::nullopt;
  const auto two = [&t](std::size_t at) { return (t[at] - '0') * 10 + (t[at + 1] - '0'); };
  const int year = two(0) * 100 + two(2), month = two(5), day = two(8);
  const int hour = two(11), minute = two(14), second = two(17);
  if (year < 1700 || year >= 2200 || month < 1 || month > 12 || day < 1 || day > 28 || hour > 23 || minute > 59 ||
      second > 59)
    return std::nullopt;
  // Days since 1970-01-01, counted in years that begin in March.
  const int y = month <= 2 ? year - 1 : year, era = y / 400, of_era = y - era * 400;
  const int day_of_year = (153 * (month > 2 ? month - 3 : month + 9) + 2) / 5 + day - 1;
  const int64_t days = int64_t{era} * 146097 + of_era * 365 + of_era / 4 - of_era / 100 + day_of_year - 719468;
  return (((days * 24 + hour) * 60 + minute) * 60 + second) * 1000 + (t[20] - '0') * 100 + two(21);
}

inline bool usual_time(std::string_view t) noexcept { return usual_time_ms(t).has_value(); }

}  // namespace csiem::schema
