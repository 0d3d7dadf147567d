// The parts of a line of CEF. Private to this room.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <cstddef>
#include <string_view>

namespace csiem::schema::cef {

// Behind the seventh bar of the header.
inline std::size_t extension_begin(std::string_view line) {
  int bars = 0;
  for (std::size_t i = 0; i < line.size(); ++i) {
    if (line[i] == '\\') {
      ++i;
    } else if (line[i] == '|' && ++bars == 7) {
      return i + 1;
    }
  }
  return line.size();
}

// Calls use(key, pair), the pair as "key=value". Returns what is no pair at the end. A value ends where " key="
// begins; '=' is escaped inside of values.
template <class Use>
std::string_view each_pair(std::string_view extension, Use use) {
  while (!extension.empty()) {
    const std::size_t equals = extension.find('=');
    if (equals == std::string_view::npos) break;
    std::size_t end = equals + 1;
    while (end < extension.size() && extension[end] != '=') end += extension[end] == '\\' ? 2U : 1U;
    end = end < extension.size() ? extension.rfind(' ', end) : extension.size();
    use(extension.substr(0, equals), extension.substr(0, end));
    extension.remove_prefix(std::min(end + 1, extension.size()));
  }
  return extension;
}

}  // namespace csiem::schema::cef
