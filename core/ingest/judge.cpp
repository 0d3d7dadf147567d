#include "ingest/judge.hpp"

#include <algorithm>

namespace csiem::ingest {
namespace {

constexpr event::WordTable kDispositionWords(std::to_array<std::string_view>({
    "allowed", "allow", "permit", "permitted",  // allow
    "warn", "warned", "warning", "audit",       // warn
    "blocked", "block", "denied", "deny",       // block
}));

}  // namespace

Disposition disposition_of_word(std::string_view word) noexcept {
  const std::size_t i = kDispositionWords.find(event::Folded(word).view());
  if (i == kDispositionWords.kNone) return Disposition::unknown;
  return i < 4 ? Disposition::allow : i < 8 ? Disposition::warn : Disposition::block;
}

bool is_warning(std::string_view severity_word) noexcept {
  return event::severity_of_source(severity_word) == event::Severity::medium;
}

Disposition disposition_of(const Token* allowed, std::string_view severity_word) noexcept {
  if (is_false(allowed)) return Disposition::block;
  if (!is_true(allowed)) return Disposition::unknown;
  return is_warning(severity_word) ? Disposition::warn : Disposition::allow;
}

event::Outcome outcome_of(Disposition disposition) noexcept {
  switch (disposition) {
    case Disposition::allow:
    case Disposition::warn:
      return event::Outcome::success;
    case Disposition::block:
      return event::Outcome::failure;
    case Disposition::unknown:
      break;
  }
  return event::Outcome::unknown;
}

event::Severity default_severity(Disposition disposition, event::GuardClass guard) noexcept {
  if (disposition == Disposition::block) return event::block_severity(guard);
  return disposition == Disposition::warn ? event::Severity::medium : event::Severity::info;
}

event::EventType event_type_of(Disposition disposition, std::string_view action, std::string_view guard_name,
                               event::GuardClass guard, event::ResourceType resource) noexcept {
  using event::EventType;
  using event::GuardClass;
  if (disposition == Disposition::warn) return EventType::guard_warn;
  if (disposition == Disposition::allow) return EventType::policy_allow;
  if (guard == GuardClass::secret_leak) return EventType::secret_detected;
  if (resource == event::ResourceType::network) return EventType::egress_blocked;
  if (guard == GuardClass::forbidden_path) return EventType::forbidden_path;
  if (action == "patch" || (guard == GuardClass::patch_integrity && resource == event::ResourceType::file))
    return EventType::patch_rejected;
  const bool engine = blank(guard_name) || guard == GuardClass::engine || guard == GuardClass::none ||
                      guard == GuardClass::posture || guard == GuardClass::posture_budget;
  return engine ? EventType::policy_violation : EventType::guard_block;
}

Indicator indicator_of_details(const Token* details, std::string_view guard) noexcept {
  if (event::guard_class(guard) == event::GuardClass::secret_leak) {
    const Token* matches = find(details, "matches");
    if (matches != nullptr && matches->is(Kind::array) && matches->count != 0 && (matches + 1)->is(Kind::object)) {
      const std::string_view pattern = text_of(find(matches + 1, "pattern"));
      return blank(pattern) ? Indicator{} : Indicator{event::IndicatorType::pattern, pattern};
    }
  }
  const Token* signals = find(details, "signals");
  if (signals == nullptr || !signals->is(Kind::array) || signals->count == 0) return {};
  const std::string_view signal = text_of(signals + 1);
  return blank(signal) ? Indicator{} : Indicator{event::IndicatorType::pattern, signal};
}

csiem_str reason_from_action(Arena& arena, std::string_view action, std::string_view verb) {
  char* text = arena.allocate_chars(action.size() + 1 + verb.size());
  std::copy(action.begin(), action.end(), text);
  text[action.size()] = ' ';
  std::copy(verb.begin(), verb.end(), text + action.size() + 1);
  return {text, action.size() + 1 + verb.size()};
}

void set_category(csiem_event& e, event::Category category, bool seed_only) noexcept {
  if (seed_only && category == event::Category::tool) category = event::Category::process;
  if (seed_only && category == event::Category::session) category = event::Category::authentication;
  e.category = static_cast<int32_t>(category);
  e.category_name = str(event::text(category));
}

}  // namespace csiem::ingest
