// The grammar of templates: literal text with {path[:filter[,filter…]][|default]}. "{{" is a brace; a '{' that no
// letter, '_' or '.' follows is one too, so that JSON can be written as it is. Nothing else: no loops, no conditions,
// no second look at what was inserted.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "common/templates/field.hpp"
#include "common/templates/filter.hpp"

namespace csiem::templates {

inline constexpr std::size_t kMaxSource = 64 * 1024;
inline constexpr std::size_t kMaxPlaceholders = 1000;

// What is wrong with a template, and where: bytes from the beginning of its text.
struct Problem {
  std::size_t offset = 0, length = 0;
  std::string what, suggestion;  // the suggestion may be empty
};

struct Placeholder {
  Field field;
  std::vector<Filter> filters;
  std::optional<std::string> fallback;  // instead of a value that is absent

  // Filtered; never the fallback. An empty text counts as absent.
  Value value(const Subject& subject, Scratch& scratch) const;
  bool is_raw() const noexcept;
};

struct Segment {
  std::size_t offset = 0, length = 0;  // in the source
  std::string literal;                 // unless there is a placeholder
  std::optional<Placeholder> placeholder;
};

// Neighbouring segments are never both literal. What cannot be read is noted in `problems` and left out.
std::vector<Segment> parse(std::string_view source, std::vector<Problem>& problems);

}  // namespace csiem::templates
