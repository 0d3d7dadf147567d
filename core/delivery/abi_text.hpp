// Between the ABI's slices and string views.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <csiem/plugin.h>

#include <string_view>

namespace csiem::delivery {

// An absent slice reads as an empty one.
inline std::string_view view(const csiem_str& text) noexcept {
  return text.ptr == nullptr ? std::string_view() : std::string_view(text.ptr, text.len);
}
inline csiem_str slice(std::string_view text) noexcept { return {text.data(), text.size()}; }

}  // namespace csiem::delivery
