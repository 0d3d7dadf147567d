// Looking one value up in the metadata text of an event.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

namespace csiem::process {

// What an expression compares. Views into the event, or into the scratch text of the look-up.
struct Value {
  enum class Type { missing, other, text, integer, unsigned_integer, real, boolean };  // other: null, array, object
  Type type = Type::missing;
  std::string_view text;
  int64_t integer = 0;
  uint64_t unsigned_integer = 0;  // only above the range of int64_t
  double real = 0;
  bool boolean = false;
};

// The value at `path` (not empty) in `json`, one JSON object. Of a repeated key the last one counts. `scratch` holds
// the text of the answer. Missing as well when `json` does not parse.
Value find_in_metadata(std::string_view json, std::span<const std::string> path, std::string& scratch);

}  // namespace csiem::process
