// The extension keys of CEF as a table.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>
#include <unordered_map>
#include <unordered_set>
#include <utility>
#include <vector>

namespace csiem::schema::cef {

enum class Type { string, integer, long_, floating, ip, ipv6, mac, enumeration, time };

struct Key {
  std::string_view name;
  Type type = Type::string;
  bool consumer = false;       // reserved for who receives
  bool since_1 = false;        // not in CEF:0
  bool integer_in_0 = false;   // 32 bits in CEF:0
  std::size_t max_length = 0;  // characters of a string
  std::optional<std::pair<int64_t, int64_t>> range;
  std::vector<std::string_view> values;  // of an enumeration
  std::string_view label, labels;        // its label; what it is the label of
};

// Immutable, built once.
struct Dictionary {
  std::unordered_map<std::string_view, Key> keys;
  std::unordered_set<std::string_view> full_names;  // which producers must not send
};

const Dictionary& dictionary();

}  // namespace csiem::schema::cef
