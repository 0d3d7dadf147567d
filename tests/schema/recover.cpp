#include "recover.hpp"

#include <csiem/json.hpp>

#include <algorithm>
#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>

#include "common/time_text.hpp"

namespace csiem::testing {

namespace json = boost::json;

json::value parse_deep(std::string_view text) {
  json::parse_options options;
  options.max_depth = 2048;
  return json::parse({text.data(), text.size()}, {}, options);
}

Recovered of_event(const csiem_event& e) {
  Recovered out;
  out.set("schema_version", view(e.schema_version));
  out.set("event_id", view(e.event_id));
  out.set("event_type", view(e.type_name));
  out.set("event_category", view(e.category_name));
  out.set("timestamp",
          e.time_text.len != 0 ? view(e.time_text) : std::string(formats::time_text(e.time_unix_ns).view()));
  if (e.ingested_unix_ns != 0) out.set("ingested_at", std::string(formats::time_text(e.ingested_unix_ns).view()));
  out.set("agent.id", view(e.agent_id));
  out.set("agent.name", view(e.agent_name));
  out.set("agent.version", view(e.agent_version));
  out.set("agent.type", view(e.agent_type));
  out.set("session.id", view(e.session_id));
  out.set("session.user_id", view(e.user_id));
  out.set("session.tenant_id", view(e.tenant_id));
  out.set("session.environment", view(e.environment));
  out.set("outcome", e.outcome_name.len == 0 ? "unknown" : view(e.outcome_name));
  out.set("action", view(e.action));
  if (e.indicator_value.len != 0) out.set("threat.indicator.type", view(e.indicator_type_name));
  out.set("threat.indicator.value", view(e.indicator_value));
  out.set("threat.tactic", view(e.tactic));
  out.set("threat.technique", view(e.technique));
  out.set("decision.allowed", e.decision_allowed != 0 ? "true" : "false");
  out.set("decision.guard", view(e.guard));
  out.set("decision.severity", view(e.severity_name));
  out.set("decision.reason", view(e.reason));
  out.set("decision.policy_hash", view(e.policy_hash));
  out.set("decision.ruleset", view(e.ruleset));
  out.set("resource.type", view(e.resource_type_name));
  out.set("resource.name", view(e.resource_name));
  out.set("resource.path", view(e.resource_path));
  out.set("resource.host", view(e.resource_host));
  if (e.resource_port >= 0) out.set("resource.port", std::to_string(e.resource_port));
  for (uint64_t i = 0; i < e.label_count; ++i) out.labels.emplace_back(view(e.labels[i].key), view(e.labels[i].value));
  out.metadata = e.metadata_json.len == 0 ? json::value(json::object()) : parse_deep(view(e.metadata_json));
  return out;
}

const json::value* Texts::at(std::string_view pointer) const {
  json::error_code error;
  return document_.find_pointer({pointer.data(), pointer.size()}, error);
}

std::string Texts::operator()(std::string_view pointer) const {
  const json::value* const value = at(pointer);
  if (value == nullptr) return {};
  if (const auto* text = value->if_string()) return {text->data(), text->size()};
  return json::serialize(*value);
}

std::string difference(const Recovered& event, const Recovered& recovered, const std::vector<std::string>& left_out) {
  const auto counts = [&](const std::string& path) {
    return std::find(left_out.begin(), left_out.end(), path) == left_out.end();
  };
  const auto shortened = [](const std::string& text) { return "'" + text.substr(0, 200) + "'"; };
  for (const auto& [path, text] : event.texts)
    if (counts(path) && recovered.get(path) != text)
      return path + ": " + shortened(text) + " became " + shortened(recovered.get(path));
  for (const auto& [path, text] : recovered.texts)
    if (counts(path) && event.get(path).empty()) return path + ": nothing became " + shortened(text);
  if (counts("labels") && event.labels != recovered.labels)
    return "labels: " + std::to_string(event.labels.size()) + " became others (" +
           std::to_string(recovered.labels.size()) + ")";
  if (counts("metadata") && event.metadata != recovered.metadata)
    return "metadata: " + json::serialize(event.metadata).substr(0, 500) + " became " +
           json::serialize(recovered.metadata).substr(0, 500);
  return {};
}

}  // namespace csiem::testing
