// Event ids: UUIDs as they come, and stable ones for sources that have none.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

#include "base/sha256.hpp"

namespace csiem::event {

// Length of the output form: lower case, hyphenated.
inline constexpr std::size_t kUuidLength = 36;

// True when `text` is a UUID in the output form already, and not the nil UUID.
bool is_output_uuid(std::string_view text) noexcept;

// The 128 bits of a UUID.
struct UuidBits {
  uint64_t high = 0, low = 0;
  bool operator==(const UuidBits&) const = default;
};
// Nothing unless is_output_uuid(text).
std::optional<UuidBits> uuid_bits(std::string_view text) noexcept;

// Reads a UUID in any accepted spelling (hyphenated, 32 digits, urn:uuid:, braced, any case, blanks around) and writes
// kUuidLength bytes. False for anything else and for the nil UUID.
bool normalise_uuid(std::string_view text, char* out) noexcept;

// Makes version-7 UUIDs out of what a record says, so that reading it again gives the same id (events.md A.4).
// One thread; keeps a hash context, so that an id costs no allocation.
class IdMaker {
 public:
  // Writes kUuidLength bytes. `unix_ns` empty: the record has no usable time.
  void derive(std::string_view shape, std::span<const std::string_view> parts, std::optional<int64_t> unix_ns,
              char* out);

 private:
  Sha256 hash_;
};

}  // namespace csiem::event
