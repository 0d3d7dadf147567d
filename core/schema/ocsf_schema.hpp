// The classes and objects of OCSF as tables.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <re2/re2.h>

#include <cstdint>
#include <memory>
#include <optional>
#include <string_view>
#include <unordered_map>
#include <unordered_set>
#include <utility>
#include <vector>

namespace csiem::schema::ocsf {

enum class Primitive { string, integer, long_, floating, boolean, json };

struct Type {
  std::string_view name;
  Primitive primitive = Primitive::json;
  std::unique_ptr<RE2> pattern;                      // found anywhere in the text; null: any text
  std::optional<std::size_t> max_length;             // characters
  std::optional<std::pair<int64_t, int64_t>> range;  // both ends included
  int observable = -1;                               // -1: none
};

struct Enum {
  std::vector<std::pair<std::string_view, std::string_view>> captions;  // by value as text
  std::vector<std::string_view> deprecated;

  // Null: not a value of this enumeration.
  const std::string_view* caption(std::string_view value) const;
};

struct Item;

struct Attribute {
  std::string_view name, type_name;
  const Type* type = nullptr;    // of a scalar
  const Item* object = nullptr;  // of an object
  bool array = false, required = false, deprecated = false;
  const Enum* values = nullptr;
  std::string_view sibling;  // attribute with the caption
  int observable = -1;
  std::vector<std::string_view> profiles;  // any of them must be listed; empty: always there
};

struct Constraint {
  bool just_one;  // else at least one
  std::vector<std::string_view> names;
};

// A class or an object.
struct Item {
  std::string_view name;
  bool deprecated = false;
  int observable = -1;
  std::vector<std::string_view> profiles;  // of a class
  std::vector<Constraint> constraints;
  std::unordered_map<std::string_view, const Attribute*> attributes;
};

// Immutable. Views go into the embedded table.
class Schema {
 public:
  // Built on first use, one for the versions up to 1.7 and one for 1.8.
  static const Schema& of(std::string_view version);

  const Item* event_class(int64_t uid) const;
  bool knows_profile(std::string_view name) const { return profiles_.count(name) != 0; }
  const std::unordered_set<std::string_view>& profiles() const { return profiles_; }
  const std::unordered_map<int64_t, Item>& classes() const { return classes_; }

 private:
  explicit Schema(bool newest);

  std::unordered_map<std::string_view, Type> types_;
  std::unordered_map<std::string_view, Item> objects_;
  std::unordered_map<int64_t, Item> classes_;
  std::unordered_set<std::string_view> profiles_;
  std::vector<Enum> enums_;
  std::vector<Attribute> attributes_;
};

}  // namespace csiem::schema::ocsf
