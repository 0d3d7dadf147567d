// adapter-core AuditEvent (events.md B.6).
#include "ingest/judge.hpp"
#include "ingest/shapes.hpp"
#include "ingest/target.hpp"

namespace csiem::ingest {
namespace {

using event::EventType;
using event::ResourceType;

struct GuardOfType {
  std::string_view type, guard;
};
constexpr GuardOfType kGuardOfType[] = {
    {"prompt_security_jailbreak", "jailbreak_detection"},
    {"prompt_security_prompt_injection", "prompt_injection"},
    {"prompt_security_instruction_hierarchy", "instruction_hierarchy"},
    {"prompt_security_watermark", "watermark"},
    {"prompt_security_output_sanitized", "output_sanitizer"},
    {"output_sanitized", "output_sanitizer"},
};

std::string_view guard_of_type(std::string_view type) noexcept {
  for (const GuardOfType& row : kGuardOfType)
    if (row.type == type) return row.guard;
  return {};
}

// What the decision object says: its status word, else the flags of older writers; nothing when it says neither.
std::optional<Disposition> stated_disposition(const Token* decision) noexcept {
  const std::string_view status = text_of(find(decision, "status"));
  if (status == "allow") return Disposition::allow;
  if (status == "warn") return Disposition::warn;
  if (status == "deny") return Disposition::block;
  if (is_true(find(decision, "denied")) || is_false(find(decision, "allowed"))) return Disposition::block;
  if (is_true(find(decision, "warn"))) return Disposition::warn;
  return std::nullopt;
}

Disposition disposition_of_type(std::string_view type, const Token* details) noexcept {
  if (type == "tool_call_blocked") return Disposition::block;
  if (type == "tool_call_warning") return Disposition::warn;
  if (type == "prompt_security_jailbreak" || type == "prompt_security_prompt_injection")
    return is_true(find(details, "blocked")) ? Disposition::block : Disposition::warn;
  if (type == "prompt_security_instruction_hierarchy" && is_false(find(details, "valid"))) return Disposition::warn;
  return Disposition::allow;
}

Indicator first_finding(const Token* details) noexcept {
  const Token* findings = find(details, "findings");
  if (findings == nullptr || !findings->is(Kind::array) || findings->count == 0) return {};
  const std::string_view category = text_of(find(findings + 1, "category"));
  return blank(category) ? Indicator{} : Indicator{event::IndicatorType::pattern, category};
}

// Action, resource and event type by the record's type.
void describe(Draft& d, std::string_view type, std::string_view tool, const Token* details) {
  if (type == "session_start" || type == "session_end") {
    d.type = type == "session_start" ? EventType::session_start : EventType::session_end;
    d.category = event::Category::session;
    d.action = "session";
    d.resource = {ResourceType::configuration, "session", {}, {}, -1};
  } else if (type.starts_with("tool_call")) {
    d.action = "tool_call";
    d.resource = {ResourceType::tool, tool.empty() ? std::string_view("unknown_tool") : tool, {}, {}, -1};
    if (type == "tool_call_error") d.outcome = event::Outcome::failure;
  } else if (guard_of_type(type) == "output_sanitizer") {
    d.action = "output_sanitized";
    d.resource = blank(tool) ? Resource{ResourceType::configuration, type, {}, {}, -1}
                             : Resource{ResourceType::tool, tool, {}, {}, -1};
    d.type = EventType::secret_detected;
    d.severity = "medium";
    d.indicator = first_finding(details);
    d.disposition = Disposition::warn;
  } else {
    d.action = type;
    d.resource = {ResourceType::configuration, type, {}, {}, -1};
    d.indicator = indicator_of_details(details, d.guard);
    if (d.disposition == Disposition::block) d.type = EventType::policy_violation;
  }
}

}  // namespace

Verdict map_adapter_core(Context& c, const Record& r) {
  const std::string_view type = text_of(r.at(Key::type));
  const Token* decision = r.is(Key::decision, Kind::object) ? r.at(Key::decision) : nullptr;
  const Token* details = r.is(Key::details, Kind::object) ? r.at(Key::details) : nullptr;
  const auto stated = stated_disposition(decision);
  // The -blocked or -warning record of the same call carries that decision.
  if (type == "tool_call_start" && stated && *stated != Disposition::allow) return Verdict::suppressed;

  c.notes.type_word(type);
  c.notes.context_id = r.at(Key::contextId);
  c.extras_beyond(r, {Key::id, Key::type, Key::timestamp, Key::contextId, Key::sessionId, Key::toolName,
                      Key::parameters, Key::output, Key::decision, Key::details});
  c.extras_beyond("decision", decision,
                  {"status", "allowed", "denied", "warn", "guard", "severity", "message", "reason", "details"});
  if (decision == nullptr && r.get(Key::decision) != nullptr) c.extra({}, *r.at(Key::decision));
  Draft d;
  d.id = r.get(Key::id);
  d.when = c.time(r.at(Key::timestamp));
  d.session = c.text({}, r.at(Key::sessionId));
  const std::string_view tool = c.text({}, r.at(Key::toolName));
  d.disposition = stated ? *stated : disposition_of_type(type, details);
  d.guard = first_of(text_of(find(decision, "guard")), guard_of_type(type));
  if (d.disposition != Disposition::allow)
    d.severity = first_of(text_of(find(decision, "severity")), text_of(find(details, "severity")));
  describe(d, type, tool, details);
  d.reason = first_of(text_of(find(decision, "reason")), text_of(find(decision, "message")));
  if (blank(d.reason) && type == "tool_call_error") d.reason = text_of(find(details, "error"));
  if (blank(d.reason)) d.reason = type;

  d.metadata = r.get(Key::details);
  if (const Token* parameters = r.get(Key::parameters)) c.metadata_payload("parameters", *parameters);
  if (const Token* output = r.get(Key::output)) c.metadata_payload("output", *output);
  if (const Token* more = find(decision, "details")) c.metadata_member("decision_details", *more);
  d.key = {id_text(d.id), d.when.text, type, tool};
  return c.assemble(d);
}

}  // namespace csiem::ingest
