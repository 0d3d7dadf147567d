// The event model's vocabularies: enumeration, ABI value and text, each from one table (*.def beside this header).
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

namespace csiem::event {

// The values are those of csiem/plugin.h. 0 is "unknown", which is a word of its own for outcomes only.
enum class EventType : int32_t {
  unknown = 0,
#define X(name, value, text) name = value,
#include "event/types.def"
#undef X
};
enum class Category : int32_t {
  unknown = 0,
#define X(name, value, text) name = value,
#include "event/categories.def"
#undef X
};
enum class Outcome : int32_t {
#define X(name, value, text) name = value,
#include "event/outcomes.def"
#undef X
};
enum class Severity : int32_t {
#define X(name, value, text) name = value,
#include "event/severities.def"
#undef X
};
enum class ResourceType : int32_t {
  unknown = 0,
#define X(name, value, text, category) name = value,
#include "event/resource_types.def"
#undef X
};
enum class IndicatorType : int32_t {
  none = 0,
#define X(name, value, text) name = value,
#include "event/indicator_types.def"
#undef X
};

// The word, in static storage; empty for a value outside the vocabulary and for 0 where 0 has no word.
std::string_view text(EventType value) noexcept;
std::string_view text(Category value) noexcept;
std::string_view text(Outcome value) noexcept;
std::string_view text(Severity value) noexcept;
std::string_view text(ResourceType value) noexcept;
std::string_view text(IndicatorType value) noexcept;

// Exactly the word, or nothing.
std::optional<EventType> event_type(std::string_view word) noexcept;
std::optional<Category> category(std::string_view word) noexcept;
std::optional<Outcome> outcome(std::string_view word) noexcept;
std::optional<Severity> severity(std::string_view word) noexcept;
std::optional<ResourceType> resource_type(std::string_view word) noexcept;
std::optional<IndicatorType> indicator_type(std::string_view word) noexcept;

// PascalCase, kebab-case and blanks around are accepted too: "GuardBlock" is guard_block.
std::optional<EventType> event_type_folded(std::string_view word) noexcept;

// A severity in any source's vocabulary and any case: "Warning" is medium.
std::optional<Severity> severity_of_source(std::string_view word) noexcept;

// The category of an event that states none.
Category category_of(ResourceType type) noexcept;

}  // namespace csiem::event
