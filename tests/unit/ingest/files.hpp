// Test data files.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <string_view>
#include <vector>

namespace testing {

inline std::string slurp(const std::filesystem::path& path) {
  std::ifstream in(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

inline std::vector<std::string> split(std::string_view text, char separator) {
  std::vector<std::string> parts;
  for (std::size_t at = 0;;) {
    const std::size_t end = text.find(separator, at);
    parts.emplace_back(text.substr(at, end == text.npos ? text.npos : end - at));
    if (end == text.npos) return parts;
    at = end + 1;
  }
}

inline std::filesystem::path data_file(std::string_view name) { return std::filesystem::path(CSIEM_TEST_DATA) / name; }

// A file of the larger data set beside the checkout; an empty path when it is not there.
inline std::filesystem::path shared_file(std::string_view name) {
  const char* given = std::getenv("CSIEM_SHARED_DATA");
  const auto path = std::filesystem::path(given != nullptr ? given : CSIEM_SHARED_DATA) / name;
  return std::filesystem::exists(path) ? path : std::filesystem::path{};
}

}  // namespace testing
