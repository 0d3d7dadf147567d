// ECS documents, with the namespace `clawdstrike`.
#include <boost/json.hpp>

#include "recover.hpp"

namespace csiem::testing {

namespace json = boost::json;

Recovered recover_ecs(std::string_view text) {
  const json::value document = parse_deep(text);
  const Texts doc(document);
  Recovered out;
  constexpr std::pair<const char*, const char*> kPlain[] = {
      {"schema_version", "/clawdstrike/schema_version"},
      {"event_id", "/event/id"},
      {"event_type", "/event/code"},
      {"event_category", "/clawdstrike/event_category"},
      {"timestamp", "/@timestamp"},
      {"ingested_at", "/event/ingested"},
      {"agent.id", "/agent/id"},
      {"agent.name", "/agent/name"},
      {"agent.version", "/agent/version"},
      {"agent.type", "/agent/type"},
      {"session.id", "/clawdstrike/session_id"},
      {"session.user_id", "/user/id"},
      {"session.tenant_id", "/organization/id"},
      {"session.environment", "/service/environment"},
      {"action", "/event/action"},
      {"threat.indicator.type", "/clawdstrike/threat/indicator/type"},
      {"threat.indicator.value", "/clawdstrike/threat/indicator/value"},
      {"decision.allowed", "/clawdstrike/decision/allowed"},
      {"decision.guard", "/rule/name"},
      {"decision.severity", "/clawdstrike/decision/severity"},
      {"decision.reason", "/message"},
      {"decision.policy_hash", "/rule/version"},
      {"decision.ruleset", "/rule/ruleset"},
      {"resource.type", "/clawdstrike/resource/type"},
      {"resource.name", "/clawdstrike/resource/name"},
      {"resource.path", "/clawdstrike/resource/path"},
      {"resource.host", "/clawdstrike/resource/host"},
      {"resource.port", "/clawdstrike/resource/port"},
  };
  for (const auto& [path, pointer] : kPlain) out.set(path, doc(pointer));
  out.set("outcome", doc(doc.has("/clawdstrike/outcome") ? "/clawdstrike/outcome" : "/event/outcome"));
  out.set("threat.tactic", doc("/threat/tactic/id/0") + doc("/threat/tactic/name/0"));
  const std::string sub = doc("/threat/technique/subtechnique/id/0");
  out.set("threat.technique", sub.empty() ? doc("/threat/technique/id/0") + doc("/threat/technique/name/0") : sub);

  if (const auto* labels = doc.at("/clawdstrike/labels")) {
    for (const auto& label : labels->as_array()) {
      const Texts pair(label);
      out.labels.emplace_back(pair("/name"), pair("/value"));
    }
  } else if (const auto* plain = doc.at("/labels")) {
    for (const auto& label : plain->as_object())
      out.labels.emplace_back(std::string(label.key().data(), label.key().size()),
                              std::string(label.value().as_string().c_str(), label.value().as_string().size()));
  }
  if (doc.has("/clawdstrike/metadata_json")) {
    out.metadata = parse_deep(doc("/clawdstrike/metadata_json"));
  } else {
    const auto* metadata = doc.at("/clawdstrike/metadata");
    out.metadata = metadata == nullptr ? json::value(json::object()) : *metadata;
  }
  return out;
}

}  // namespace csiem::testing
