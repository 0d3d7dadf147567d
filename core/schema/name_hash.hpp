// A hash of the names of one object, for tables that the checks in one pass look into. Private to this room.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <cstring>
#include <string_view>

namespace csiem::schema {

// Looks at the length and at both ends only: names of one object rarely share all of them.
inline std::size_t name_hash(std::string_view name) noexcept {
  uint64_t first = 0, last = 0;
  const std::size_t n = name.size();
  if (n >= 8) {
    std::memcpy(&first, name.data(), 8);
    std::memcpy(&last, name.data() + n - 8, 8);
  } else if (n >= 4) {
    std::memcpy(&first, name.data(), 4);
    std::memcpy(&last, name.data() + n - 4, 4);
  } else if (n > 0) {
    first = static_cast<unsigned char>(name[0]);
    last = static_cast<unsigned char>(name[n / 2]) * 256U + static_cast<unsigned char>(name[n - 1]);
  }
  const uint64_t mixed = (first ^ (last << 7) ^ n) * 0x9e3779b97f4a7c15ULL;
  return static_cast<std::size_t>(mixed >> 40);
}

}  // namespace csiem::schema
