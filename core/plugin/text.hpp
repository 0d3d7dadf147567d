// What plugins say, made fit for logs, metrics and files.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <csiem/plugin.h>

#include <string>
#include <string_view>

namespace csiem::plugin {

// A slice of the ABI as a view; empty when absent or nonsense (null with a length).
inline std::string_view slice(csiem_str s) noexcept {
  return s.ptr == nullptr ? std::string_view{} : std::string_view(s.ptr, s.len);
}

// Valid UTF-8 without control characters (line feeds and tabs become spaces, other bytes U+FFFD), at most `max_bytes`
// long and cut between characters. `*valid` tells whether the input was UTF-8.
std::string clean_text(std::string_view text, std::size_t max_bytes, bool* valid = nullptr);

// [a-z0-9_]{1,64}
bool metric_name(std::string_view name) noexcept;
// [a-z][a-z0-9_]{0,31}
bool component_name(std::string_view name) noexcept;

}  // namespace csiem::plugin
