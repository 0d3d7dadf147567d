// The configuration as it was written: a tree of values, each of which knows its place. Private to this room.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "config/config.hpp"

namespace csiem::config {

struct Node {
  enum class Kind { text, integer, real, flag, table, list, date };
  Kind kind = Kind::table;
  std::string text;  // of Kind::text and date; of any scalar when `loose`
  int64_t integer = 0;
  double real = 0;
  bool flag = false;
  std::map<std::string, Node, std::less<>> members;
  std::vector<Node> items;

  Origin key;    // of the key; elements of a list have none
  Origin value;  // of the value; the header line for a table with one
  // From the environment or the command line, where nobody writes quotes: `text` may be read as any scalar type.
  bool loose = false;
  bool interpolated = false;     // held a ${...}
  bool unresolved = false;       // names a variable that is not set: nothing more can be said about it
  std::vector<Origin> shadowed;  // lower layers that set this key too, nearest first

  const Node* find(std::string_view name) const;
  // By dotted path; segments hold no dots.
  const Node* at(std::string_view path) const;
  bool is_list_of_tables() const;  // and not empty
};

// "a string", "an integer", ... for messages.
std::string_view kind_text(Node::Kind kind);
// The value in TOML, on one line.
std::string toml_text(const Node& node);
// A quoted TOML string.
std::string toml_quoted(std::string_view text);
// A key, quoted where TOML wants it.
std::string toml_key(std::string_view key);

}  // namespace csiem::config
