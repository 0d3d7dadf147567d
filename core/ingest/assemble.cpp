// From a draft to the finished view.
#include <array>

#include "ingest/judge.hpp"
#include "ingest/record.hpp"

namespace csiem::ingest {
namespace {

csiem_str optional_text(std::string_view s) noexcept { return blank(s) ? csiem_str{nullptr, 0} : str(s); }
csiem_str maybe(std::string_view s) noexcept { return s.data() == nullptr ? csiem_str{nullptr, 0} : str(s); }

}  // namespace

void Context::set_identity(csiem_event& e, const Draft& d) {
  e.schema_version = str("1.0.0");
  const std::string_view id = text_of(d.id);
  const std::string_view uuid = id.starts_with("evt_") ? id.substr(4) : id;
  if (event::is_output_uuid(uuid)) {
    e.event_id = str(uuid);
  } else {
    char* text = arena().allocate_chars(event::kUuidLength);
    if (!event::normalise_uuid(id, text) && !(uuid.size() != id.size() && event::normalise_uuid(uuid, text)))
      ids_.derive(notes.shape, std::span(d.key).first(d.key_count), d.when.ns, text);
    e.event_id = {text, event::kUuidLength};
  }
  if (d.id != nullptr && !d.id->is(Kind::null) && (!d.id->is(Kind::string) || id != view(e.event_id))) notes.id = d.id;
  e.time_unix_ns = d.when.ns.value_or(arrival_ns_);
  if (d.when.ns) {
    e.time_text = str(d.when.text);
  } else {
    e.time_text = time_text_of_arrival();
  }
  e.agent_id = blank(d.agent) ? keep(options_.default_agent_id) : str(d.agent);
  e.agent_name = e.agent_id;
  e.agent_version = keep(options_.default_agent_version);
  e.agent_type = str("clawdstrike");
  e.session_id = blank(d.session) ? keep(options_.default_session_id) : str(d.session);
  e.user_id = optional_text(d.user);
  e.tenant_id = optional_text(d.tenant);
}

void Context::set_decision(csiem_event& e, const Draft& d, event::GuardClass guard) {
  e.decision_allowed = d.disposition == Disposition::allow || d.disposition == Disposition::warn;
  e.guard = blank(d.guard) ? str("engine") : str(d.guard);
  const auto stated = event::severity_of_source(d.severity);
  const event::Severity severity = stated ? *stated : default_severity(d.disposition, guard);
  e.severity = static_cast<int32_t>(severity);
  e.severity_name = str(event::text(severity));
  if (!blank(d.severity) && event::Folded(d.severity).view() != event::text(severity)) notes.severity = d.severity;
  const std::string_view verb = d.disposition == Disposition::block     ? "blocked"
                                : d.disposition == Disposition::unknown ? "undecided"
                                                                        : "allowed";
  e.reason = blank(d.reason) ? reason_from_action(arena(), d.action, verb) : str(d.reason);
  e.policy_hash = optional_text(d.policy_hash);
}

void Context::set_threat(csiem_event& e, const Draft& d, event::GuardClass guard, bool named) {
  if (d.disposition != Disposition::block && d.disposition != Disposition::warn) return;
  Indicator indicator = d.indicator;
  const Resource& r = d.resource;
  if (indicator.type == event::IndicatorType::none && named) {
    if (r.type == event::ResourceType::network)
      indicator = {event::IndicatorType::domain, r.host.data() != nullptr ? r.host : r.name};
    else if (r.type == event::ResourceType::file)
      indicator = {event::IndicatorType::file_path, r.path.data() != nullptr ? r.path : r.name};
  }
  if (indicator.type != event::IndicatorType::none) {
    e.indicator_type = static_cast<int32_t>(indicator.type);
    e.indicator_type_name = str(event::text(indicator.type));
    e.indicator_value = str(indicator.value);
  }
  if (options_.attack != nullptr)
    if (const auto* row = options_.attack->find(guard, d.guard, r.type)) {
      if (row->technique.empty()) return;
      e.tactic = keep(row->tactic);
      e.technique = keep(row->technique);
      return;
    }
  event::AttackSubject subject;
  subject.guard = guard;
  subject.resource = r.type;
  subject.action = d.action;
  subject.name = view(e.resource_name);
  subject.host = r.host;
  subject.reason = d.reason;
  subject.port = r.port;
  if (const event::Technique* t = event::attack_technique(subject)) {
    e.tactic = str(t->tactic);
    e.technique = str(t->id);
  }
}

Verdict Context::assemble(const Draft& d) {
  csiem_event& e = out_->add();
  const event::GuardClass guard = event::guard_class(d.guard);
  const bool named = !blank(d.resource.name);
  set_identity(e, d);
  const event::EventType type = d.type != event::EventType::unknown
                                    ? d.type
                                    : event_type_of(d.disposition, d.action, d.guard, guard, d.resource.type);
  e.type = static_cast<int32_t>(type);
  e.type_name = str(event::text(type));
  set_category(e, d.category != event::Category::unknown ? d.category : event::category_of(d.resource.type),
               options_.strict_seed_categories);
  const event::Outcome outcome = d.outcome ? *d.outcome : outcome_of(d.disposition);
  e.outcome = static_cast<int32_t>(outcome);
  e.outcome_name = str(event::text(outcome));
  e.action = str(d.action);
  set_decision(e, d, guard);
  e.resource_type = static_cast<int32_t>(d.resource.type);
  e.resource_type_name = str(event::text(d.resource.type));
  e.resource_name = named ? str(d.resource.name) : str("unknown");
  e.resource_path = maybe(d.resource.path);
  e.resource_host = maybe(d.resource.host);
  e.resource_port = d.resource.port;
  set_threat(e, d, guard, named);
  return finish(e, d.metadata);
}

}  // namespace csiem::ingest
