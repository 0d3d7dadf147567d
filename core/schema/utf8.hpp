// Code points of UTF-8, as strictly as the schemas' own readers take them. Private to this room.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>

namespace csiem::schema {

// Bytes of the code point that begins at `at`; 0: there is none (overlong, a surrogate, cut off, past U+10FFFF).
inline std::size_t code_point_bytes(const char* at, const char* end) noexcept {
  const auto byte = [at](std::size_t i) { return static_cast<unsigned char>(at[i]); };
  const unsigned char c = byte(0);
  const std::size_t length = c < 0x80                ? 1
                             : c >= 0xc2 && c < 0xe0 ? 2
                             : (c & 0xf0) == 0xe0    ? 3
                             : c >= 0xf0 && c < 0xf5 ? 4
                                                     : 0;
  if (length == 0 || static_cast<std::size_t>(end - at) < length) return 0;
  for (std::size_t i = 1; i < length; ++i)
    if ((byte(i) & 0xc0) != 0x80) return 0;
  const unsigned char second = length > 2 ? byte(1) : 0x90;
  if ((c == 0xe0 && second < 0xa0) || (c == 0xed && second > 0x9f) || (c == 0xf0 && second < 0x90) ||
      (c == 0xf4 && second > 0x8f))
    return 0;
  return length;
}

}  // namespace csiem::schema
