// Values of the expression language that are more than a string or a number: durations, networks, globs.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string_view>

namespace csiem::process {

// "200ms", "30s", "5m", "24h", "7d", "1h30m" in nanoseconds; nothing for anything else or what exceeds 64 bits.
std::optional<int64_t> parse_duration_ns(std::string_view text);

// The rank of a severity word, exactly as the canonical event writes it.
std::optional<int32_t> severity_rank(std::string_view word);

// An address range; IPv4 is kept in its IPv6-mapped form, so that both spellings of an address compare equal.
struct Network {
  std::array<uint8_t, 16> address;
  unsigned prefix_bits;
};
// "10.0.0.0/8", "2001:db8::/32", or one address. Bits behind the prefix are ignored.
std::optional<Network> parse_network(std::string_view text);
// False when `address` is no IP literal. Brackets are not taken off; a zone id is ignored.
bool contains(const Network& network, std::string_view address);

inline constexpr std::size_t kMaxGlobBytes = 1024;
// Shell pattern over the whole of `text`: * any run (also across '/'), ? one character, [a-z] and [!a-z] sets,
// \ takes the next character as it is. Never more than |pattern| * |text| steps.
bool glob_match(std::string_view pattern, std::string_view text);

}  // namespace csiem::process
