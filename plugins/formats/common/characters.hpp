// Cutting UTF-8 text by characters.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <string_view>

namespace csiem::formats {

// At most `count` characters (code points) of `text`, never a part of one. A view into `text`.
inline std::string_view first_characters(std::string_view text, std::size_t count) noexcept {
  if (text.size() <= count) return text;
  std::size_t at = 0;
  for (; at < text.size(); ++at) {
    const bool begins = (static_cast<unsigned char>(text[at]) & 0xc0) != 0x80;
    if (begins && count-- == 0) break;
  }
  return text.substr(0, at);
}

}  // namespace csiem::formats
