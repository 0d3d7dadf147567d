// Bodies of which each must stay on one line.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <csiem/sdk/request.hpp>

#include <string_view>

namespace csiem::common {

// Appends `text` and a line feed. Borrows the text unless it has line feeds of its own; those become spaces, which in
// JSON means the same, because there they stand between tokens only.
inline void add_line(std::string_view text, Request& out) {
  if (text.find('\n') == std::string_view::npos) {
    out.add(text);
    out.write([](Out& o) { o.byte('\n'); });
    return;
  }
  out.write([&](Out& o) {
    for (const char c : text) o.byte(c == '\n' ? ' ' : c);
    o.byte('\n');
  });
}

}  // namespace csiem::common
