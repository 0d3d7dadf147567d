// hushd's violation hook and server-sent events (events.md B.10, B.11): decisions without an id of their own.
#include <charconv>

#include "ingest/judge.hpp"
#include "ingest/shapes.hpp"
#include "ingest/target.hpp"

namespace csiem::ingest {
namespace {

std::string_view body_hash(Context& c, const Token& body) { return c.arena().copy(to_hex(sha256(body.raw_view()))); }

std::string_view decimal(Context& c, int64_t value) {
  char* text = c.arena().allocate_chars(24);
  return {text, static_cast<std::size_t>(std::to_chars(text, text + 24, value).ptr - text)};
}

bool starts_with_any(std::string_view s, std::string_view a, std::string_view b) noexcept {
  return s.starts_with(a) || s.starts_with(b);
}

}  // namespace

Verdict map_hushd_webhook(Context& c, const Record& r) {
  const Token* data = r.at(Key::data);
  const auto text = [&](std::string_view name) { return text_of(find(data, name)); };
  c.notes.type_word(text_of(r.at(Key::event)));
  c.extras_beyond(r, {Key::event, Key::timestamp, Key::data});
  c.extras_beyond("data", data, {"actionType", "target", "guard", "severity", "policyHash", "sessionId", "agentId"});
  Draft d;
  d.when = c.time(r.at(Key::timestamp));
  d.action = first_of(text("actionType"), "unknown");
  d.disposition = Disposition::block;
  d.guard = text("guard");
  d.severity = text("severity");
  d.agent = text("agentId");
  d.session = text("sessionId");
  d.policy_hash = text("policyHash");
  d.resource = resource_for(c, d.action, text("target"), nullptr);
  d.key[0] = body_hash(c, r.object());
  d.key_count = 1;
  return c.assemble(d);
}

Verdict map_hushd_sse(Context& c, const Record& r, std::string_view name) {
  c.notes.type_word(name);
  c.notes.synthetic_id = true;
  Draft d;
  d.when = {c.arrival_ns(), false, view(c.time_text_of_arrival())};
  d.key = {decimal(c, c.arrival_ns()), body_hash(c, r.object())};
  d.key_count = 2;
  d.disposition = is_true(r.at(Key::allowed)) ? Disposition::allow : Disposition::block;
  d.guard = text_of(r.at(Key::guard));
  const std::string_view checked = text_of(r.at(Key::action_type));
  if ((name == "check" || name == "violation") && r.has(Key::action_type)) {
    c.extras_beyond(r, {Key::action_type, Key::allowed, Key::guard, Key::policy_hash, Key::target});
    d.action = first_of(checked, "unknown");
    d.policy_hash = text_of(r.at(Key::policy_hash));
    d.resource = resource_for(c, d.action, text_of(r.at(Key::target)), nullptr);
  } else if (name == "eval" || name == "violation") {
    c.extras_beyond(r, {Key::allowed, Key::event_id, Key::event_type, Key::guard});
    c.notes.policy_event_id = r.at(Key::event_id);
    d.action = normal_action(first_of(text_of(r.at(Key::event_type)), "unknown"));
    d.resource = resource_for(c, d.action, {}, nullptr);
  } else {
    d.action = d.reason = name;
    d.disposition = Disposition::allow;
    d.guard = {};
    d.metadata = &r.object();
    const std::string_view id = first_of(text_of(r.at(Key::id)), text_of(r.at(Key::session_id)));
    d.resource = {event::ResourceType::configuration, name, id, {}, -1};
    if (starts_with_any(name, "saml_", "webhook_")) d.category = event::Category::authentication;
    if (name == "saml_session_created") d.type = event::EventType::session_start;
  }
  return c.assemble(d);
}

}  // namespace csiem::ingest
