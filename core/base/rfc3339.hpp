// Points in time as text.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace csiem {

// Length of the one output form: "2026-03-02T08:00:00.123456789Z".
inline constexpr std::size_t kRfc3339Length = 30;

// Writes exactly kRfc3339Length bytes: UTC, nine fraction digits, `Z`. Years 0000 to 9999 only; others are clamped.
void format_rfc3339(int64_t unix_ns, char* out);
std::string format_rfc3339(int64_t unix_ns);

struct ParsedTime {
  int64_t unix_ns;
  bool had_zone;
};

// Reads everything events.md A.5 accepts as text: `T`, `t` or space; `Z`, `z`, `UTC`, offsets with or without colon,
// or no zone (read as UTC); any number of fraction digits (cut to nine), comma as decimal mark; second 60 clamped.
// Nothing for anything else, impossible dates included.
std::optional<ParsedTime> parse_rfc3339(std::string_view text);

// A bare number as an epoch, the unit told by its magnitude (below 1e11 s, 1e14 ms, 1e17 us, else ns).
std::optional<int64_t> epoch_to_unix_ns(double value);
std::optional<int64_t> epoch_to_unix_ns(int64_t value);

}  // namespace csiem
