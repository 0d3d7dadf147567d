// The classes and objects of OCSF, laid out for a check in one pass. Private to this room.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <bitset>
#include <cstdint>
#include <deque>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include "schema/ocsf_schema.hpp"

namespace csiem::schema::ocsf {

inline constexpr std::size_t kMaxAttributes = 128;  // of a class or object
using Bits = std::bitset<kMaxAttributes>;

// `unusual`: left to the thorough check.
enum class Kind : uint8_t { text, whole, flag, time, datetime, object, free, anything, unusual };
// Values that the rules about whole events look at.
enum class Role : uint8_t { none, version, profile, class_uid, activity, type_uid, name, value, type };

struct Shape;

// An attribute of one class or object.
struct Slot {
  static constexpr uint8_t kNone = 0xff;

  std::string_view name;
  Kind kind = Kind::unusual;
  Role role = Role::none;
  uint8_t at = 0;           // in the shape
  uint8_t sibling = kNone;  // the slot of the caption
  uint8_t in_ms = kNone;    // of a datetime: the slot that says the same in milliseconds
  bool array = false;
  bool required = false;
  bool caption = false;       // is the sibling of another slot
  bool observable = false;    // observables[] may name it
  int numbers[2] = {-1, -1};  // which those then carry
  uint32_t profile = 0;       // the bit of the profile that must be listed; 0: always there
  int64_t low = INT64_MIN, high = INT64_MAX;
  std::size_t max_bytes = SIZE_MAX;
  const RE2* pattern = nullptr;
  const Enum* words = nullptr;                                 // of an enumeration of words
  std::vector<std::pair<int64_t, std::string_view>> captions;  // of an enumeration of numbers
  const Shape* object = nullptr;
};

// A class or an object.
struct Shape {
  bool free = false;        // any members
  bool unusual = false;     // left to the thorough check
  bool observable = false;  // the object that names a place of the event
  uint32_t profiles = 0;    // that a class may list
  std::vector<Slot> slots;
  Bits required;
  std::vector<std::pair<uint8_t, uint32_t>> required_by;  // slots that must be there when a profile is listed
  std::vector<std::pair<bool, Bits>> constraints;         // just one; else at least one
  std::vector<uint8_t> table;                             // slots by name_hash

  const Slot* find(std::string_view name) const noexcept;
};

// Immutable.
class Plan {
 public:
  // Built on first use, one per schema.
  static const Plan& of(std::string_view version);

  const Shape* event_class(int64_t uid) const noexcept;
  // The bit of a profile; 0 for unknown ones.
  uint32_t profile(std::string_view name) const noexcept;

 private:
  explicit Plan(const Schema& schema);
  const Shape* shape(const Item& item);
  void lay_out(const Item& item, Shape& out);
  void fill(const Attribute& attribute, Slot& out);

  std::vector<std::string_view> profiles_;  // by bit
  std::deque<Shape> shapes_;
  std::unordered_map<const Item*, const Shape*> by_item_;
  std::vector<std::pair<int64_t, const Shape*>> classes_;
};

}  // namespace csiem::schema::ocsf
