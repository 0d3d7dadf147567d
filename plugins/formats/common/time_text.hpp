// A point in time as RFC 3339 text in UTC with nine fraction digits.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <csiem/json.hpp>

#include <cstdint>
#include <string_view>

namespace csiem::formats {

struct TimeText {
  char bytes[30];
  std::string_view view() const noexcept { return {bytes, sizeof bytes}; }
};

// Years 1678 to 2262, as far as nanoseconds in 64 bits reach.
inline TimeText time_text(int64_t unix_ns) noexcept {
  int64_t seconds = unix_ns / 1'000'000'000, nanos = unix_ns % 1'000'000'000;
  if (nanos < 0) {
    nanos += 1'000'000'000;
    --seconds;
  }
  int64_t days = seconds / 86'400, rest = seconds % 86'400;
  if (rest < 0) {
    rest += 86'400;
    --days;
  }
  // Days since 1970 to a date, in the proleptic Gregorian calendar with years that begin in March.
  const int64_t shifted = days + 719'468;
  const int64_t era = (shifted >= 0 ? shifted : shifted - 146'096) / 146'097;
  const int64_t day_of_era = shifted - era * 146'097;
  const int64_t year_of_era = (day_of_era - day_of_era / 1460 + day_of_era / 36'524 - day_of_era / 146'096) / 365;
  const int64_t day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
  const int64_t month_from_march = (5 * day_of_year + 2) / 153;
  const int64_t day = day_of_year - (153 * month_from_march + 2) / 5 + 1;
  const int64_t month = month_from_march < 10 ? month_from_march + 3 : month_from_march - 9;
  const int64_t year = year_of_era + era * 400 + (month <= 2 ? 1 : 0);

  TimeText out;
  char* at = out.bytes;
  const auto digits = [&at](int64_t value, int count) {
    for (int i = count - 1; i >= 0; --i, value /= 10) at[i] = static_cast<char>('0' + value % 10);
    at += count;
  };
  digits(year, 4);
  *at++ = '-';
  digits(month, 2);
  *at++ = '-';
  digits(day, 2);
  *at++ = 'T';
  digits(rest / 3600, 2);
  *at++ = ':';
  digits(rest / 60 % 60, 2);
  *at++ = ':';
  digits(rest % 60, 2);
  *at++ = '.';
  digits(nanos, 9);
  *at = 'Z';
  return out;
}

}  // namespace csiem::formats
