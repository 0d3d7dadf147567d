// The parts of a file path, and of the first word of a command line. Both separators count, whatever system wrote them.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string_view>

namespace csiem::formats {

struct PathParts {
  std::string_view directory, name, extension;  // empty: has none
};

// Views into `path`. "/a/b.c" gives "/a", "b.c", "c"; "/" has no name; ".profile" has no extension.
inline PathParts split_path(std::string_view path) noexcept {
  PathParts out;
  while (path.size() > 1 && (path.back() == '/' || path.back() == '\\')) path.remove_suffix(1);
  const std::size_t cut = path.find_last_of("/\\");
  out.name = path.substr(cut == std::string_view::npos ? 0 : cut + 1);
  if (cut != std::string_view::npos) {
    const bool root = cut == 0 || (cut == 2 && path[1] == ':');
    out.directory = path.substr(0, root ? cut + 1 : cut);
  }
  const std::size_t dot = out.name.rfind('.');
  if (dot != std::string_view::npos && dot != 0 && dot + 1 != out.name.size()) out.extension = out.name.substr(dot + 1);
  return out;
}

// The name of the program that a command line starts; empty when the line is blank.
inline std::string_view program_name(std::string_view command_line) noexcept {
  const std::size_t begin = command_line.find_first_not_of(" \t\r\n");
  if (begin == std::string_view::npos) return {};
  std::string_view word = command_line.substr(begin);
  const char quote = word.front();
  if (quote == '"' || quote == '\'') {
    word.remove_prefix(1);
    word = word.substr(0, word.find(quote));
  } else {
    word = word.substr(0, word.find_first_of(" \t\r\n"));
  }
  return split_path(word).name;
}

}  // namespace csiem::formats
