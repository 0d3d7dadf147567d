// hushd AuditEvent (events.md B.4).
#include "ingest/judge.hpp"
#include "ingest/shapes.hpp"
#include "ingest/target.hpp"

namespace csiem::ingest {
namespace {

using event::Category;
using event::EventType;

struct Special {
  std::string_view word;
  EventType type;
  Category category;
};
// Records about sessions and administration: their decision is always "allowed" and says nothing.
constexpr Special kSpecial[] = {
    {"session_start", EventType::session_start, Category::session},
    {"session_end", EventType::session_end, Category::session},
    {"user_session_created", EventType::session_start, Category::authentication},
    {"saml_session_created", EventType::session_start, Category::authentication},
    {"user_session_terminated", EventType::session_end, Category::authentication},
    {"session_posture_transition", EventType::policy_allow, Category::session},
    {"webhook_okta", EventType::policy_allow, Category::authentication},
    {"webhook_auth0", EventType::policy_allow, Category::authentication},
};

}  // namespace

Verdict map_hushd_audit(Context& c, const Record& r) {
  const std::string_view type = text_of(r.at(Key::event_type));
  const std::string_view action = text_of(r.at(Key::action_type));
  c.notes.type_word(type);
  c.extras_beyond(r, {Key::id, Key::timestamp, Key::event_type, Key::action_type, Key::target, Key::decision,
                      Key::guard, Key::severity, Key::message, Key::session_id, Key::agent_id, Key::metadata});
  Draft d;
  d.id = r.get(Key::id);
  d.when = c.time(r.at(Key::timestamp));
  d.action = action;
  d.guard = c.text({}, r.at(Key::guard));
  d.severity = c.text({}, r.at(Key::severity));
  d.reason = first_of(c.text({}, r.at(Key::message)), type);
  d.agent = c.text({}, r.at(Key::agent_id));
  d.session = c.text({}, r.at(Key::session_id));
  d.metadata = r.get(Key::metadata);
  d.disposition = disposition_of_word(text_of(r.at(Key::decision)));
  if (d.disposition == Disposition::allow && is_warning(d.severity)) d.disposition = Disposition::warn;
  if (d.disposition == Disposition::unknown) {
    c.notes.decision = r.at(Key::decision);
    c.repair("decision");
  }
  for (const Special& special : kSpecial) {
    if (special.word != type) continue;
    d.type = special.type;
    d.category = special.category;
  }
  if (d.type == EventType::unknown && action == "rbac") {
    d.type = EventType::policy_allow;
    d.category = Category::authorization;
  }
  const std::string_view target = c.text({}, r.at(Key::target));
  const bool about_session = d.category == Category::session || d.category == Category::authentication;
  if (about_session && action.starts_with("session"))
    d.resource = {event::ResourceType::configuration, "session", blank(target) ? std::string_view{} : target, {}, -1};
  else
    d.resource = resource_for(c, action, target, d.metadata);
  const Token* principal = find(d.metadata, "principal");
  d.user = text_of(find(principal, "id"));
  d.tenant = text_of(find(principal, "organization_id"));
  d.policy_hash = text_of(find(d.metadata, "policy_hash"));
  d.indicator = indicator_of_details(d.metadata, d.guard);
  d.key = {id_text(d.id), d.when.text, action, target};
  return c.assemble(d);
}

}  // namespace csiem::ingest
