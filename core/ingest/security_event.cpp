// Canonical records, read with the repairs of events.md A.1 and E.3.
#include "base/rfc3339.hpp"
#include "ingest/clock_text.hpp"
#include "ingest/judge.hpp"
#include "ingest/shapes.hpp"
#include "ingest/target.hpp"

namespace csiem::ingest {
namespace {

using event::EventType;
using event::ResourceType;

// The members of one nested object, by the index of their name.
template <std::size_t N>
struct Part {
  std::array<const Token*, N> slots{};

  const Token* operator[](std::size_t i) const noexcept { return slots[i]; }
};

constexpr event::WordTable kAgent(std::to_array<std::string_view>({"id", "name", "version", "type"}));
constexpr event::WordTable kSession(std::to_array<std::string_view>({"id", "user_id", "tenant_id", "environment"}));
constexpr event::WordTable kThreat(std::to_array<std::string_view>({"indicator", "tactic", "technique"}));
constexpr event::WordTable kIndicator(std::to_array<std::string_view>({"type", "value"}));
constexpr event::WordTable kDecision(std::to_array<std::string_view>({"allowed", "guard", "severity", "reason",
                                                                      "policy_hash", "ruleset"}));
constexpr event::WordTable kResource(std::to_array<std::string_view>({"type", "name", "path", "host", "port"}));

// Unknown members go to extra under the parent's name, a part that is no object as a whole.
template <std::size_t N>
Part<N> part_of(Context& c, const Token* object, const event::WordTable<N>& names, std::string_view parent) {
  Part<N> part;
  if (object == nullptr || object->is(Kind::null)) return part;
  if (!object->is(Kind::object)) {
    c.extra({}, *object);
    c.repair(parent);
    return part;
  }
  bool strangers = false;
  for (const Token& member : Children(*object)) {
    const std::size_t i = names.find(member.key_view());
    if (i == names.kNone)
      strangers = true;
    else
      part.slots[i] = member.is(Kind::null) ? nullptr : &member;
  }
  if (strangers) {
    c.emitter().mark_shadowed(*object);
    for (const Token& member : Children(*object))
      if (!member.shadowed && names.find(member.key_view()) == names.kNone) c.extra(parent, member);
  }
  return part;
}

csiem_str optional_text(Context& c, std::string_view parent, const Token* t) {
  const std::string_view s = c.text(parent, t);
  return blank(s) ? csiem_str{nullptr, 0} : str(s);
}

// A required text: the member's, else the fallback, which counts as a repair.
csiem_str text_or(Context& c, std::string_view parent, const Token* t, csiem_str fallback) {
  const std::string_view s = c.text(parent, t);
  if (!blank(s)) return str(s);
  c.repair(parent);
  return fallback;
}

// A vocabulary word; anything else is kept under `extra_name`.
template <class Enum, class Exact, class Lenient>
std::optional<Enum> word_of(Context& c, const Token* t, std::string_view extra_name, const Exact& exact,
                            const Lenient& lenient) {
  if (t == nullptr || t->is(Kind::null)) {
    c.repair(extra_name);
    return std::nullopt;
  }
  if (t->is(Kind::string)) {
    if (const auto value = exact(t->text_view())) return value;
    c.repair(extra_name);
    if (const auto value = lenient(t->text_view())) return value;
  }
  c.repair(extra_name);
  c.extra({}, extra_name, *t);
  return std::nullopt;
}

// A major version above ours may mean anything.
bool is_newer_major(std::string_view version) noexcept {
  const std::string_view major = version.substr(0, version.find('.'));
  std::size_t zeros = 0;
  while (zeros < major.size() && major[zeros] == '0') ++zeros;
  const std::string_view digits = major.substr(zeros);
  if (digits.empty()) return false;
  for (const char d : digits)
    if (d < '0' || d > '9') return false;
  return digits.size() > 1 || digits[0] > '1';
}

// `decision.allowed`, with the spellings that other writers use; nothing when it cannot be told.
std::optional<bool> stated_allowed(Context& c, const Token* t) {
  if (t == nullptr) return std::nullopt;
  if (t->is(Kind::boolean)) return t->truth;
  c.repair("decision.allowed");
  if (t->is(Kind::string)) {
    const event::Folded word(t->text_view());
    if (word.view() == "true") return true;
    if (word.view() == "false") return false;
  } else if (t->is(Kind::number)) {
    if (t->text_view() == "1" || t->text_view() == "1.0") return true;
    if (t->text_view() == "0" || t->text_view() == "0.0") return false;
  }
  c.extra("decision", *t);
  return std::nullopt;
}

std::optional<bool> derived_allowed(std::optional<EventType> type, std::optional<event::Outcome> outcome) noexcept {
  if (type)
    return *type == EventType::policy_allow || *type == EventType::guard_warn || *type == EventType::session_start ||
           *type == EventType::session_end;
  if (outcome && *outcome != event::Outcome::unknown) return *outcome == event::Outcome::success;
  return std::nullopt;
}

ResourceType resource_type_of_action(std::string_view action) noexcept {
  if (action == "egress") return ResourceType::network;
  if (action == "file_access" || action == "file_write" || action == "patch") return ResourceType::file;
  if (action == "shell") return ResourceType::process;
  if (action == "mcp_tool" || action == "tool_call") return ResourceType::tool;
  return ResourceType::configuration;
}

void read_agent(Context& c, const Token* object, csiem_event& e) {
  const auto agent = part_of(c, object, kAgent, "agent");
  const std::string_view id = c.text("agent", agent[0]);
  if (blank(id)) {
    c.repair("agent.id");
    e.agent_id = c.keep(c.options().default_agent_id);
  } else {
    e.agent_id = str(id);
  }
  e.agent_name = text_or(c, "agent", agent[1], e.agent_id);
  if (agent[2] != nullptr && agent[2]->is(Kind::string)) {
    e.agent_version = str(agent[2]->text_view());
    if (blank(agent[2]->text_view())) c.repair("agent.version");
  } else {
    c.text("agent", agent[2]);
    c.repair("agent.version");
    e.agent_version = c.keep(c.options().default_agent_version);
  }
  e.agent_type = text_or(c, "agent", agent[3], str("clawdstrike"));
}

void read_session(Context& c, const Token* object, csiem_event& e) {
  const auto session = part_of(c, object, kSession, "session");
  const std::string_view id = c.text("session", session[0]);
  if (blank(id)) {
    c.repair("session.id");
    e.session_id = c.keep(c.options().default_session_id);
  } else {
    e.session_id = str(id);
  }
  e.user_id = optional_text(c, "session", session[1]);
  e.tenant_id = optional_text(c, "session", session[2]);
  e.environment = optional_text(c, "session", session[3]);
}

void read_threat(Context& c, const Token* object, csiem_event& e) {
  const auto threat = part_of(c, object, kThreat, "threat");
  const Token* given = threat[0];
  if (given != nullptr && !given->is(Kind::object)) {
    c.text("threat", given);
    if (given->is(Kind::string)) c.extra("threat", *given);
    c.repair("threat.indicator");
  } else if (given != nullptr) {
    const auto indicator = part_of(c, given, kIndicator, "indicator");
    if (indicator[1] != nullptr && indicator[1]->is(Kind::string)) {
      const auto known = event::indicator_type(text_of(indicator[0]));
      if (!known) {
        c.repair("threat.indicator.type");
        if (indicator[0] != nullptr) c.extra({}, "indicator_type", *indicator[0]);
      }
      const auto type = known.value_or(event::IndicatorType::pattern);
      e.indicator_type = static_cast<int32_t>(type);
      e.indicator_type_name = str(event::text(type));
      e.indicator_value = str(indicator[1]->text_view());
    } else {
      c.extra("threat", *given);
      c.repair("threat.indicator");
    }
  }
  e.tactic = optional_text(c, "threat", threat[1]);
  if (present(e.tactic) && !view(e.tactic).starts_with("TA")) {
    if (const std::string_view id = event::tactic_id(view(e.tactic)); !id.empty()) e.tactic = str(id);
  }
  e.technique = optional_text(c, "threat", threat[2]);
}

void read_resource(Context& c, const Token* object, csiem_event& e) {
  const auto resource = part_of(c, object, kResource, "resource");
  const auto type = word_of<ResourceType>(
      c, resource[0], "resource_type", [](std::string_view s) { return event::resource_type(s); },
      [](std::string_view s) { return event::resource_type(event::Folded(s).view()); });
  const ResourceType chosen = type ? *type : resource_type_of_action(view(e.action));
  e.resource_type = static_cast<int32_t>(chosen);
  e.resource_type_name = str(event::text(chosen));
  const std::string_view name = c.text("resource", resource[1]);
  const std::string_view path = c.text("resource", resource[2]);
  std::string_view host = c.text("resource", resource[3]);
  if (host.size() > 2 && host.front() == '[' && host.back() == ']') host = host.substr(1, host.size() - 2);
  if (!blank(name)) {
    e.resource_name = str(name);
  } else {
    c.repair("resource.name");
    const std::string_view other = first_of(path, host);
    e.resource_name = other.data() != nullptr ? str(other) : str("unknown");
  }
  if (path.data() != nullptr) e.resource_path = str(path);
  if (host.data() != nullptr) e.resource_host = str(host);
  if (resource[4] == nullptr) return;
  e.resource_port = port_of(resource[4]);
  if (e.resource_port < 0) c.extra({}, "resource_port", *resource[4]);
  if (e.resource_port < 0 || !resource[4]->is(Kind::number) || !resource[4]->integer) c.repair("resource.port");
}

void read_time_members(Context& c, const Record& r, csiem_event& e, When& when) {
  const Token* stamp = r.at(Key::timestamp);
  when = c.time(stamp);
  if (when.ns) {
    e.time_unix_ns = *when.ns;
    e.time_text = str(when.text);
    if (!stamp->is(Kind::string)) c.repair("timestamp");
    if (c.options().strict && stamp->text_len > 18 && stamp->text[17] == '6') c.repair("timestamp");
  } else {
    e.time_unix_ns = c.arrival_ns();
    e.time_text = c.time_text_of_arrival();
  }
  const Token* ingested = r.get(Key::ingested_at);
  if (ingested == nullptr) return;
  if (const auto at = read_time(ingested, c.arena()).ns) {
    e.ingested_unix_ns = *at;
  } else {
    c.extra({}, *ingested);
    c.repair("ingested_at");
  }
}

void read_id(Context& c, const Record& r, const When& when, csiem_event& e) {
  const Token* given = r.get(Key::event_id);
  const std::string_view id = text_of(given);
  if (event::is_output_uuid(id)) {
    e.event_id = str(id);
    return;
  }
  char* text = c.arena().allocate_chars(event::kUuidLength);
  e.event_id = {text, event::kUuidLength};
  if (event::normalise_uuid(id, text)) return;
  c.repair("event_id");
  const std::array key{id_text(given), when.text, view(e.action), view(e.resource_name)};
  c.ids().derive("security_event", key, when.ns, text);
  c.notes.id = given;
}

void read_labels(Context& c, const Token* labels, csiem_event& e) {
  if (labels == nullptr) return;
  if (!labels->is(Kind::object)) {
    c.extra({}, *labels);
    c.repair("labels");
    return;
  }
  if (labels->count == 0) return;
  c.emitter().mark_shadowed(*labels);
  const std::size_t limit = c.options().max_labels;
  auto* kept = c.arena().allocate_array<csiem_kv>(labels->count < limit ? labels->count : limit);
  std::size_t n = 0;
  for (const Token& label : Children(*labels)) {
    if (label.shadowed) continue;
    if (n == limit) {
      c.notes.truncated.push_back("labels");
      break;
    }
    csiem_str value = str(label.text_view());
    if (!label.is(Kind::string)) {
      c.repair("labels");
      c.scratch().clear();
      Out out(c.scratch().writer());
      c.emitter().value(out, label);
      value = c.keep(c.scratch().view());
    }
    kept[n++] = {str(label.key_view()), value};
  }
  e.labels = kept;
  e.label_count = n;
}

}  // namespace

Verdict map_security_event(Context& c, const Record& r) {
  const Token* decision_object = r.at(Key::decision);
  if (decision_object == nullptr || !decision_object->is(Kind::object))
    return c.reject(Reject::no_decision, "no decision object");
  const std::string_view version = c.text({}, r.at(Key::schema_version));
  if (is_newer_major(version)) return c.reject(Reject::bad_field, "schema_version is newer than 1");
  c.extras_beyond(r, {Key::schema_version, Key::event_id, Key::event_type, Key::event_category, Key::timestamp,
                      Key::ingested_at, Key::agent, Key::session, Key::outcome, Key::action, Key::threat, Key::decision,
                      Key::resource, Key::metadata, Key::labels});

  const auto type = word_of<EventType>(
      c, r.at(Key::event_type), "event_type", [](std::string_view s) { return event::event_type(s); },
      [](std::string_view s) { return event::event_type_folded(s); });
  const auto stated_outcome = word_of<event::Outcome>(
      c, r.at(Key::outcome), "outcome", [](std::string_view s) { return event::outcome(s); },
      [](std::string_view s) { return event::outcome(event::Folded(s).view()); });
  const auto decision = part_of(c, decision_object, kDecision, "decision");
  std::optional<bool> allowed = stated_allowed(c, decision[0]);
  if (!allowed) {
    allowed = derived_allowed(type, stated_outcome);
    c.repair("decision.allowed");
  }
  if (!allowed) return c.reject(Reject::bad_field, "decision.allowed is missing and cannot be derived");
  const Disposition disposition = !*allowed                       ? Disposition::block
                                  : type == EventType::guard_warn ? Disposition::warn
                                                                  : Disposition::allow;

  csiem_event& e = c.out().add();
  e.schema_version = blank(version) ? str("1.0.0") : str(version);
  e.action = text_or(c, "action", r.at(Key::action), str("unknown"));
  e.decision_allowed = *allowed;
  e.guard = text_or(c, "decision", decision[1], str("engine"));
  read_resource(c, r.at(Key::resource), e);
  When when;
  read_time_members(c, r, e, when);
  read_id(c, r, when, e);
  read_agent(c, r.at(Key::agent), e);
  read_session(c, r.at(Key::session), e);
  read_threat(c, r.at(Key::threat), e);
  read_labels(c, r.get(Key::labels), e);
  const auto resource = static_cast<ResourceType>(e.resource_type);

  const auto severity = word_of<event::Severity>(
      c, decision[2], "severity", [](std::string_view s) { return event::severity(s); },
      [&](std::string_view s) {
        const auto known = event::severity_of_source(s);
        if (known) c.notes.severity = s;
        return known;
      });
  const auto final_severity = severity ? *severity : default_severity(disposition, event::guard_class(view(e.guard)));
  e.severity = static_cast<int32_t>(final_severity);
  e.severity_name = str(event::text(final_severity));

  const EventType final_type =
      type ? *type
           : event_type_of(disposition, view(e.action), view(e.guard), event::guard_class(view(e.guard)), resource);
  e.type = static_cast<int32_t>(final_type);
  e.type_name = str(event::text(final_type));
  const auto category = word_of<event::Category>(
      c, r.at(Key::event_category), "event_category", [](std::string_view s) { return event::category(s); },
      [](std::string_view s) { return event::category(event::Folded(s).view()); });
  set_category(e, category ? *category : event::category_of(resource), c.options().strict_seed_categories);
  const event::Outcome outcome = stated_outcome ? *stated_outcome : outcome_of(disposition);
  e.outcome = static_cast<int32_t>(outcome);
  e.outcome_name = str(event::text(outcome));

  const std::string_view reason = c.text("decision", decision[3]);
  if (decision[3] == nullptr) c.repair("decision.reason");
  e.reason =
      blank(reason) ? reason_from_action(c.arena(), view(e.action), *allowed ? "allowed" : "blocked") : str(reason);
  e.policy_hash = optional_text(c, "decision", decision[4]);
  e.ruleset = optional_text(c, "decision", decision[5]);
  return c.finish(e, r.at(Key::metadata));
}

}  // namespace csiem::ingest
