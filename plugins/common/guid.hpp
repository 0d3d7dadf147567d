// Random identifiers in the 8-4-4-4-12 form.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <csiem/sdk/host.hpp>

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace csiem::common {

inline bool is_guid(std::string_view text) noexcept {
  if (text.size() != 36) return false;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    const bool dash = i == 8 || i == 13 || i == 18 || i == 23;
    const bool hex = (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
    if (dash ? c != '-' : !hex) return false;
  }
  return true;
}

// A version 4 UUID from the host's random source.
inline std::string random_guid(const Host& host) {
  uint8_t bytes[16] = {};
  host.random(bytes, sizeof bytes);
  bytes[6] = static_cast<uint8_t>((bytes[6] & 0x0fu) | 0x40u);
  bytes[8] = static_cast<uint8_t>((bytes[8] & 0x3fu) | 0x80u);
  static constexpr char kHex[] = "0123456789abcdef";
  std::string out;
  out.reserve(36);
  for (std::size_t i = 0; i < sizeof bytes; ++i) {
    if (i == 4 || i == 6 || i == 8 || i == 10) out += '-';
    out += kHex[bytes[i] >> 4];
    out += kHex[bytes[i] & 15u];
  }
  return out;
}

}  // namespace csiem::common
