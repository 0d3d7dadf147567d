// The field set of ECS as a table.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string_view>
#include <unordered_map>
#include <unordered_set>
#include <vector>

namespace csiem::schema::ecs {

enum class Type {
  keyword,
  constant_keyword,
  wildcard,
  match_only_text,
  text,
  long_,
  float_,
  scaled_float,
  boolean,
  date,
  ip,
  geo_point,
  object,
  nested,
  flattened
};

struct Field {
  std::string_view name;
  Type type = Type::keyword;
  bool required = false, array = false, cut = false, indexed = true;
  std::string_view object_type;
  std::vector<std::string_view> allowed;   // a closed list
  std::vector<std::string_view> expected;  // enforced as well
  std::string_view pattern;
};

// Immutable, built once, shared by every validator.
struct FieldSet {
  std::unordered_map<std::string_view, Field> fields;
  std::unordered_set<std::string_view> parents;  // "event" of "event.kind"
  std::unordered_set<std::string_view> multi;    // multi-fields, which the mapping makes
  std::unordered_map<std::string_view, std::vector<std::string_view>> category_types;
  std::vector<std::string_view> required;
};

const FieldSet& field_set();
inline constexpr std::string_view kEcsVersion = "8.17.0";

}  // namespace csiem::schema::ecs
