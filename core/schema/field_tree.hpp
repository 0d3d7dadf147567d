// Field lists as a tree of names, and what the schemas say of a name. Private to this room.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "schema/output_fields.hpp"

namespace csiem::schema {

struct FieldTree {
  std::string name = {};
  bool included = false;  // with all below
  bool excluded = false;  // with all below
  bool required = false;  // stays, but only with what is required below
  std::vector<FieldTree> children = {};

  FieldTree& child(std::string_view key) {
    for (FieldTree& one : children)
      if (one.name == key) return one;
    return children.emplace_back(FieldTree{std::string(key)});
  }
  FieldTree& at(std::string_view path) {
    const std::size_t dot = path.find('.');
    FieldTree& next = child(path.substr(0, dot));
    return dot == std::string_view::npos ? next : next.at(path.substr(dot + 1));
  }
  // Of the member with this key, which may hold dots itself; null: no list says anything below here.
  const FieldTree* find(std::string_view key) const {
    for (const FieldTree& one : children) {
      if (one.name == key) return &one;
      if (key.size() > one.name.size() && key[one.name.size()] == '.' && key.starts_with(one.name))
        if (const FieldTree* const below = one.find(key.substr(one.name.size() + 1))) return below;
    }
    return nullptr;
  }
};

// Whether `field` is `name` or below it.
inline bool covers(std::string_view name, std::string_view field) {
  return field.starts_with(name) && (field.size() == name.size() || field[name.size()] == '.');
}

// Nothing when the name may stand in its list. `excluded` holds all of exclude_fields.
struct FieldVerdict {
  std::string problem = {}, advice = {};
  std::vector<std::string> known = {};
};
FieldVerdict ocsf_field(std::string_view name, bool exclude, const OutputSettings& settings);
// Marks what an event must have when only `include` is sent.
void ocsf_required(FieldTree& root, const std::vector<std::string>& include, const OutputSettings& settings);

// `tree`: of the lists and of what is required. `all`: what no list names stays.
std::unique_ptr<OutputFields> json_fields(FieldTree tree, bool all, bool ocsf);
std::unique_ptr<OutputFields> cef_fields(const FieldLists& lists);

}  // namespace csiem::schema
