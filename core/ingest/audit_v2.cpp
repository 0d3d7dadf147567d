// Hash-chained audit records (events.md B.8), nested and flat.
#include "ingest/judge.hpp"
#include "ingest/shapes.hpp"
#include "ingest/target.hpp"

namespace csiem::ingest {
namespace {

// The members that both forms have, wherever they stand.
struct Ledger {
  const Token *id, *session, *agent, *organization, *correlation;
  const Token *action_type, *action_resource, *parameters, *result;
  const Token *allowed, *guard, *severity, *reason, *policy_hash;
};

Ledger nested(Context& c, const Record& r) {
  c.extras_beyond(r,
                  {Key::eventId, Key::timestamp, Key::sequence, Key::sessionId, Key::agentId, Key::organizationId,
                   Key::correlationId, Key::action, Key::decision, Key::provenance, Key::extensions, Key::integrity});
  const Token* action = r.at(Key::action);
  const Token* decision = r.at(Key::decision);
  c.extras_beyond("action", action, {"type", "resource", "parameters", "result"});
  c.extras_beyond("decision", decision, {"allowed", "guard", "severity", "reason", "policyHash"});
  return {r.get(Key::eventId),       r.get(Key::sessionId),       r.get(Key::agentId),      r.get(Key::organizationId),
          r.get(Key::correlationId), find(action, "type"),        find(action, "resource"), find(action, "parameters"),
          find(action, "result"),    find(decision, "allowed"),   find(decision, "guard"),  find(decision, "severity"),
          find(decision, "reason"),  find(decision, "policyHash")};
}

Ledger flat(Context& c, const Record& r) {
  c.extras_beyond(r, {Key::event_id,        Key::timestamp,         Key::sequence,        Key::session_id,
                      Key::agent_id,        Key::organization_id,   Key::correlation_id,  Key::action_type,
                      Key::action_resource, Key::action_parameters, Key::action_result,   Key::decision_allowed,
                      Key::decision_guard,  Key::decision_severity, Key::decision_reason, Key::decision_policy_hash,
                      Key::previous_hash,   Key::content_hash,      Key::signature,       Key::provenance,
                      Key::extensions});
  return {r.get(Key::event_id),         r.get(Key::session_id),          r.get(Key::agent_id),
          r.get(Key::organization_id),  r.get(Key::correlation_id),      r.get(Key::action_type),
          r.get(Key::action_resource),  r.get(Key::action_parameters),   r.get(Key::action_result),
          r.get(Key::decision_allowed), r.get(Key::decision_guard),      r.get(Key::decision_severity),
          r.get(Key::decision_reason),  r.get(Key::decision_policy_hash)};
}

void flat_integrity(Context& c, const Record& r) {
  c.metadata_key("integrity");
  Out out = c.metadata_out();
  const auto member = [&](std::string_view prefix, Key k) {
    out.raw(prefix);
    if (const Token* t = r.get(k))
      c.emitter().value(out, *t);
    else
      out.raw("null");
  };
  member("{\"previousHash\":", Key::previous_hash);
  member(",\"contentHash\":", Key::content_hash);
  member(",\"signature\":", Key::signature);
  out.byte('}');
}

}  // namespace

Verdict map_audit_v2(Context& c, const Record& r) {
  const bool is_flat = r.has(Key::decision_allowed);
  const Ledger ledger = is_flat ? flat(c, r) : nested(c, r);
  c.notes.type_word("audit_v2");
  Draft d;
  d.id = ledger.id;
  d.when = c.time(r.at(Key::timestamp));
  d.action = first_of(text_of(ledger.action_type), "unknown");
  d.agent = c.text({}, ledger.agent);
  d.session = c.text({}, ledger.session);
  d.tenant = c.text({}, ledger.organization);
  d.guard = text_of(ledger.guard);
  d.severity = text_of(ledger.severity);
  d.reason = text_of(ledger.reason);
  d.policy_hash = text_of(ledger.policy_hash);
  d.disposition = disposition_of(ledger.allowed, d.severity);
  if (d.disposition == Disposition::unknown) {
    c.notes.decision = ledger.allowed;
    c.repair("decision");
  }
  const auto keep = [&](std::string_view name, const Token* t) {
    if (t != nullptr) c.metadata_member(name, *t);
  };
  const Token* extensions = r.get(Key::extensions);
  keep("sequence", r.get(Key::sequence));
  keep("correlationId", ledger.correlation);
  keep("provenance", r.get(Key::provenance));
  keep("extensions", extensions);
  if (is_flat)
    flat_integrity(c, r);
  else
    keep("integrity", r.get(Key::integrity));
  if (ledger.parameters != nullptr) c.metadata_payload("parameters", *ledger.parameters);
  if (ledger.result != nullptr) c.metadata_payload("result", *ledger.result);

  const Token* guard_details = find(extensions, "guardDetails");
  const std::string_view target = text_of(ledger.action_resource);
  d.resource = resource_for(c, d.action, target, guard_details);
  d.indicator = indicator_of_details(guard_details, d.guard);
  d.key = {id_text(d.id), d.when.text, id_text(ledger.action_type), id_text(ledger.action_resource)};
  return c.assemble(d);
}

}  // namespace csiem::ingest
