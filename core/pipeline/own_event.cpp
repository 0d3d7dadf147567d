#include "pipeline/own_event.hpp"

#include "base/buffer.hpp"
#include "base/rfc3339.hpp"
#include "base/version.hpp"

namespace csiem::pipeline {

std::string own_event_json(const OwnEvent& event, std::string_view host_name,
                           const std::function<void(Json& json)>& metadata) {
  const std::string_view agent = host_name.empty() ? "clawdstrike-siem" : host_name;
  Buffer text;
  Out out(text.writer());
  Json json(out);
  json.open();
  json.text("schema_version", "1.0.0");
  json.text("event_id", event.id);
  json.text("event_type", event.type);
  json.text("event_category", "configuration");
  json.text("timestamp", format_rfc3339(event.unix_ns));
  if (event.ingested) json.text("ingested_at", format_rfc3339(event.unix_ns));
  json.open("agent");
  json.text("id", agent);
  json.text("name", agent);
  json.text("version", kVersion);
  json.text("type", "clawdstrike");
  json.close();
  json.open("session");
  json.text("id", "clawdstrike-siem");
  json.close();
  json.text("outcome", event.success ? "success" : "failure");
  json.text("action", event.action);
  json.open("threat");
  json.close();
  json.open("decision");
  json.boolean("allowed", event.allowed);
  json.text("guard", "engine");
  json.text("severity", event.severity);
  json.text("reason", event.reason);
  json.close();
  json.open("resource");
  json.text("type", "configuration");
  json.text("name", event.resource_name);
  if (!event.resource_path.empty()) json.text("path", event.resource_path);
  json.close();
  json.open("metadata");
  metadata(json);
  json.close();
  json.open("labels");
  if (!event.label.empty()) json.text(event.label, "true");
  json.close();
  json.close();
  return std::string(text.view());
}

}  // namespace csiem::pipeline
