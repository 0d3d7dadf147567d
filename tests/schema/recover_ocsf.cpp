// OCSF events of either mode and every class.
#include <boost/json.hpp>

#include "recover.hpp"

namespace csiem::testing {
namespace {

namespace json = boost::json;

// "unknown" stands where the schema wants a name and the event has none.
std::string known(const std::string& text) { return text == "unknown" ? std::string() : text; }

void resource(const Texts& doc, Recovered& out) {
  const std::string uid = doc("/class_uid");
  std::string type = doc("/resources/0/type"), name = doc("/resources/0/name"), path, host, port;
  const std::string in = uid == "2004" ? "/evidences/0" : "";
  const auto either = [&](const char* a, const char* b) { return doc(in + a) + doc(in + b); };
  if (uid == "1001" || (uid == "2004" && doc.has(in + "/file"))) {
    path = doc(in + "/file/path");
    if (uid == "1001") {
      type = "file";
      name = path;
    }
  } else if (uid == "1007" || (uid == "2004" && doc.has(in + "/process"))) {
    path = doc(in + "/process/file/path");
    name = doc(in + "/process/cmd_line");
    if (uid == "1007") type = "process";
  } else if (uid == "3004") {
    type = "configuration";
    name = known(doc("/entity/name"));
    path = doc("/entity/uid");
  } else if (uid == "2004" && doc.has(in + "/data")) {
    path = doc(in + "/data/path");
  } else if (uid == "4001" || (uid == "2004" && doc.has(in + "/dst_endpoint"))) {
    host = either("/dst_endpoint/ip", "/dst_endpoint/hostname");
    port = doc(in + "/dst_endpoint/port");
    if (uid == "4001") {
      type = "network";
      name = host;
    }
  }
  const auto use = [&](const char* member, std::string& said) {
    const std::string pointer = std::string("/unmapped/clawdstrike/resource/") + member;
    if (doc.has(pointer)) said = doc(pointer);
    out.set(std::string("resource.") + member, said);
  };
  use("type", type);
  use("name", name);
  use("path", path);
  use("host", host);
  use("port", port);
}

}  // namespace

Recovered recover_ocsf(std::string_view text) {
  const json::value document = parse_deep(text);
  const Texts doc(document);
  Recovered out;
  constexpr std::pair<const char*, const char*> kPlain[] = {
      {"schema_version", "/metadata/log_version"},
      {"event_id", "/metadata/uid"},
      {"event_type", "/metadata/event_code"},
      {"event_category", "/unmapped/clawdstrike/event_category"},
      {"timestamp", "/metadata/original_time"},
      {"agent.id", "/actor/app_uid"},
      {"agent.version", "/metadata/product/version"},
      {"session.id", "/metadata/correlation_uid"},
      {"session.user_id", "/actor/user/uid"},
      {"session.tenant_id", "/metadata/tenant_uid"},
      {"session.environment", "/unmapped/clawdstrike/environment"},
      {"action", "/unmapped/clawdstrike/action"},
      {"threat.indicator.type", "/unmapped/clawdstrike/threat_indicator/type"},
      {"threat.indicator.value", "/unmapped/clawdstrike/threat_indicator/value"},
      {"decision.guard", "/unmapped/clawdstrike/guard"},
      {"decision.reason", "/message"},
      {"decision.policy_hash", "/policy/uid"},
      {"decision.ruleset", "/policy/name"},
  };
  for (const auto& [path, pointer] : kPlain) out.set(path, doc(pointer));
  const auto own = [&](const char* member, const std::string& otherwise) {
    const std::string pointer = std::string("/unmapped/clawdstrike/") + member;
    return doc.has(pointer) ? doc(pointer) : otherwise;
  };
  out.set("agent.name", known(doc("/actor/app_name")));
  out.set("outcome", own("outcome", "unknown"));
  out.set("agent.type", own("agent_type", "clawdstrike"));
  out.set("ingested_at", own("ingested_at", doc("/metadata/logged_time_dt")));
  out.set("decision.allowed", own("allowed", doc("/action_id") == "2" ? "false" : "true"));
  constexpr const char* kSeverities[] = {"", "info", "low", "medium", "high", "critical"};
  out.set("decision.severity", own("severity", kSeverities[document.at("severity_id").as_int64()]));
  out.set("threat.tactic", doc("/attacks/0/tactic/uid") + doc("/attacks/0/tactic/name"));
  const std::string sub = doc("/attacks/0/sub_technique/uid");
  out.set("threat.technique", sub.empty() ? doc("/attacks/0/technique/uid") + doc("/attacks/0/technique/name") : sub);
  resource(doc, out);

  const auto* const all = doc.at("/unmapped/clawdstrike/labels");
  if (const auto* labels = all != nullptr ? all : doc.at("/metadata/tags"))
    for (const auto& label : labels->as_array()) {
      const Texts pair(label);
      out.labels.emplace_back(pair("/name"), pair("/value"));
    }
  const auto* metadata = doc.at("/unmapped/clawdstrike/metadata");
  out.metadata = metadata == nullptr ? json::value(json::object()) : *metadata;
  return out;
}

}  // namespace csiem::testing
