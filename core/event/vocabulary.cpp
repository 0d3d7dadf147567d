#include "event/vocabulary.hpp"

#include <csiem/plugin.h>

#include "event/words.hpp"

namespace csiem::event {
namespace {

// One array of texts per table, in table order; every table counts up without gaps, so index + first is the value.
#define X(name, value, text) text,
constexpr WordTable kTypes(std::to_array<std::string_view>({
#include "event/types.def"
}));
constexpr WordTable kCategories(std::to_array<std::string_view>({
#include "event/categories.def"
}));
constexpr WordTable kOutcomes(std::to_array<std::string_view>({
#include "event/outcomes.def"
}));
constexpr WordTable kSeverities(std::to_array<std::string_view>({
#include "event/severities.def"
}));
constexpr WordTable kIndicatorTypes(std::to_array<std::string_view>({
#include "event/indicator_types.def"
}));
#undef X
#define X(name, value, text, category) text,
constexpr WordTable kResourceTypes(std::to_array<std::string_view>({
#include "event/resource_types.def"
}));
#undef X

#define X(word, severity) word,
constexpr WordTable kSeverityWords(std::to_array<std::string_view>({
#include "event/severity_words.def"
}));
#undef X
#define X(word, severity) Severity::severity,
constexpr Severity kSeverityOfWord[] = {
#include "event/severity_words.def"
};
#undef X

static_assert(static_cast<int>(EventType::session_end) == CSIEM_TYPE_SESSION_END);
static_assert(static_cast<int>(EventType::policy_violation) == CSIEM_TYPE_POLICY_VIOLATION);
static_assert(static_cast<int>(Category::authentication) == CSIEM_CATEGORY_AUTHENTICATION);
static_assert(static_cast<int>(Category::session) == CSIEM_CATEGORY_SESSION);
static_assert(static_cast<int>(Outcome::failure) == CSIEM_OUTCOME_FAILURE);
static_assert(static_cast<int>(Severity::critical) == CSIEM_SEV_CRITICAL);
static_assert(static_cast<int>(ResourceType::configuration) == CSIEM_RESOURCE_CONFIGURATION);
static_assert(static_cast<int>(IndicatorType::pattern) == CSIEM_INDICATOR_PATTERN);

template <std::size_t N>
std::string_view text_at(const WordTable<N>& table, int32_t value, int32_t first) noexcept {
  const int64_t i = int64_t{value} - first;
  return i >= 0 && i < static_cast<int64_t>(N) ? table.word(static_cast<std::size_t>(i)) : std::string_view{};
}

template <class Enum, std::size_t N>
std::optional<Enum> value_of(const WordTable<N>& table, std::string_view word, int32_t first) noexcept {
  const std::size_t i = table.find(word);
  if (i == table.kNone) return std::nullopt;
  return static_cast<Enum>(static_cast<int32_t>(i) + first);
}

}  // namespace

std::string_view text(EventType value) noexcept { return text_at(kTypes, static_cast<int32_t>(value), 1); }
std::string_view text(Category value) noexcept { return text_at(kCategories, static_cast<int32_t>(value), 1); }
std::string_view text(Outcome value) noexcept { return text_at(kOutcomes, static_cast<int32_t>(value), 0); }
std::string_view text(Severity value) noexcept { return text_at(kSeverities, static_cast<int32_t>(value), 0); }
std::string_view text(ResourceType value) noexcept { return text_at(kResourceTypes, static_cast<int32_t>(value), 1); }
std::string_view text(IndicatorType value) noexcept { return text_at(kIndicatorTypes, static_cast<int32_t>(value), 1); }

std::optional<EventType> event_type(std::string_view word) noexcept { return value_of<EventType>(kTypes, word, 1); }
std::optional<Category> category(std::string_view word) noexcept { return value_of<Category>(kCategories, word, 1); }
std::optional<Outcome> outcome(std::string_view word) noexcept { return value_of<Outcome>(kOutcomes, word, 0); }
std::optional<Severity> severity(std::string_view word) noexcept { return value_of<Severity>(kSeverities, word, 0); }
std::optional<ResourceType> resource_type(std::string_view word) noexcept {
  return value_of<ResourceType>(kResourceTypes, word, 1);
}
std::optional<IndicatorType> indicator_type(std::string_view word) noexcept {
  return value_of<IndicatorType>(kIndicatorTypes, word, 1);
}

std::optional<EventType> event_type_folded(std::string_view word) noexcept {
  if (const auto exact = event_type(word)) return exact;
  word = trim(word);
  char folded[64];
  std::size_t n = 0;
  char before = 0;
  for (const char c : word) {
    if (n + 2 > sizeof folded) return std::nullopt;
    const bool starts_word =
        c >= 'A' && c <= 'Z' && ((before >= 'a' && before <= 'z') || (before >= '0' && before <= '9'));
    if (starts_word) folded[n++] = '_';
    folded[n++] = c == '-' ? '_' : to_lower(c);
    before = c;
  }
  return event_type({folded, n});
}

std::optional<Severity> severity_of_source(std::string_view word) noexcept {
  const std::size_t i = kSeverityWords.find(Folded(word).view());
  if (i == kSeverityWords.kNone) return std::nullopt;
  return kSeverityOfWord[i];
}

Category category_of(ResourceType type) noexcept {
  switch (type) {
#define X(name, value, text, category) \
  case ResourceType::name:             \
    return Category::category;
#include "event/resource_types.def"
#undef X
    case ResourceType::unknown:
      break;
  }
  return Category::configuration;
}

}  // namespace csiem::event
