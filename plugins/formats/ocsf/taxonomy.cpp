#include "ocsf/taxonomy.hpp"

#include "common/verb.hpp"

namespace csiem::ocsf {
namespace {

using formats::Base;
using formats::Verb;

Verdict verdict_of(const csiem_event& event) noexcept {
  if (event.type == CSIEM_TYPE_GUARD_WARN) return Verdict::warned;
  if (event.decision_allowed == 0) return event.type == CSIEM_TYPE_PATCH_REJECTED ? Verdict::rejected : Verdict::denied;
  return formats::is_finding(event) ? Verdict::detected : Verdict::allowed;
}

// OCSF wants the source's own word for an activity that it does not list, and that word may not be "Other".
Activity other_or_unknown(std::string_view action) noexcept {
  return action.empty() || action == "Other" ? Activity::unknown : Activity::other;
}

Activity by_verb(std::string_view action) noexcept {
  switch (formats::verb_of(action)) {
    case Verb::read:
      return Activity::read;
    case Verb::create:
      return Activity::create;
    case Verb::write:
      return Activity::update;
    case Verb::remove:
      return Activity::remove;
    case Verb::none:
      break;
  }
  return other_or_unknown(action);
}

}  // namespace

Taxonomy taxonomy(const csiem_event& event, Base base, Mode mode) noexcept {
  const Verdict verdict = verdict_of(event);
  if (formats::is_session(event)) {
    const bool start = event.type == CSIEM_TYPE_SESSION_START;
    if (event.category == CSIEM_CATEGORY_AUTHENTICATION && event.user_id.len != 0)
      return {Class::authentication, start ? Activity::logon : Activity::logoff, verdict};
    return {Class::lifecycle, start ? Activity::start : Activity::stop, verdict};
  }
  if (mode == Mode::finding && formats::is_finding(event)) return {Class::finding, Activity::create, verdict};
  const std::string_view action = view(event.action);
  switch (base) {
    case Base::file:
      return {Class::file, by_verb(action), verdict};
    case Base::network:
      return {Class::network, event.decision_allowed != 0 ? Activity::open : Activity::refuse, verdict};
    case Base::process:
      return {Class::process, Activity::launch, verdict};
    case Base::tool:
      return {Class::tool, by_verb(action), verdict};
    case Base::configuration:
      return {Class::configuration, by_verb(action), verdict};
    case Base::none:
      break;
  }
  // Its type 99 would want a name of its own; the action is in unmapped.
  return {Class::base, Activity::unknown, verdict};
}

}  // namespace csiem::ocsf
