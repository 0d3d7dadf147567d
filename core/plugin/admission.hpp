// May this file be loaded? Decided from its owner, its mode and its bytes, before any of its code runs.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"
#include "plugin/catalog.hpp"

namespace csiem::plugin {

// A file as it was when it was checked. What is loaded later are these bytes, not the path.
struct Admitted {
  std::string bytes;
  std::string sha256;  // hexadecimal
  std::vector<Announced> components;
};

inline constexpr std::size_t kMaxPluginBytes = std::size_t{64} << 20;

// Opens, checks owner and mode of file and directory, reads, parses the notes, compares the digests. Fails with CS3002,
// 3003, 3005, 3006 or 3008; `components` is filled even then if the notes could be read, so that a list can name what
// was refused.
Result<Admitted> admit(const std::string& path, const std::string& origin, const SearchPath& rules,
                       std::vector<Announced>* components);

// Whether `allow` and `deny` let a component of that name be used.
bool name_allowed(const SearchPath& rules, const std::string& name);

}  // namespace csiem::plugin
