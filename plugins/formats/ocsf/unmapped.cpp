#include "ocsf/unmapped.hpp"

#include <algorithm>
#include <span>

#include "ocsf/parts.hpp"

namespace csiem::ocsf {
namespace {

// The resource as a reader finds it in the rest of the document.
struct Said {
  std::string_view type, name, path, host;
  int32_t port = -1;
};

Said said_of(const Source& s) {
  const csiem_event& e = s.e;
  const std::string_view name = view(e.resource_name), path = view(e.resource_path);
  const Class c = s.taxonomy.event_class;
  const auto about = [&](Class own, formats::Base base) { return c == own || (s.finding() && s.base == base); };
  Said said;
  if (s.finding() || c == Class::tool) {  // resources[0]
    said.name = name;
    if (!name.empty()) said.type = view(e.resource_type_name);
  }
  if (about(Class::file, formats::Base::file)) {
    said.path = formats::path_of(e);
    if (c == Class::file) {
      said.type = "file";
      said.name = said.path;
    }
  } else if (about(Class::process, formats::Base::process)) {
    if (c == Class::process) said.type = "process";
    said.name = name;
    said.path = path;
  } else if (about(Class::configuration, formats::Base::configuration)) {
    if (c == Class::configuration) said.type = "configuration";
    said.name = name;
    said.path = path;
  } else if (about(Class::network, formats::Base::network)) {
    said.host = s.address.is_ip() ? s.ip.view() : s.endpoint;
    if (c == Class::network) {
      said.type = "network";
      said.name = said.host;
    }
    if (!s.endpoint.empty() && formats::has_port(e)) said.port = e.resource_port;
  }
  return said;
}

// What differs from that. A text that is empty here is absent in the event.
void resource_left(Json& j, const Source& s) {
  const csiem_event& e = s.e;
  const Said said = said_of(s);
  const bool type = view(e.resource_type_name) != said.type, name = view(e.resource_name) != said.name,
             path = view(e.resource_path) != said.path, host = view(e.resource_host) != said.host,
             port = e.resource_port >= 0 && e.resource_port != said.port;
  if (!type && !name && !path && !host && !port) return;
  j.open("resource");
  if (type) j.text("type", view(e.resource_type_name));
  if (name) j.text("name", view(e.resource_name));
  if (path) j.text("path", view(e.resource_path));
  if (host) j.text("host", view(e.resource_host));
  if (port) j.integer("port", e.resource_port);
  j.close();
}

// Of severity_id, as the event writes it.
std::string_view said_severity(const csiem_event& e) {
  constexpr std::string_view kWords[] = {"info", "low", "medium", "high", "critical"};
  return e.severity < CSIEM_SEV_INFO || e.severity > CSIEM_SEV_CRITICAL ? std::string_view() : kWords[e.severity];
}

// Tags must have a name.
void labels_left(Json& j, const csiem_event& e) {
  const std::span labels(e.labels, e.label_count);
  if (std::none_of(labels.begin(), labels.end(), [](const csiem_kv& label) { return label.key.len == 0; })) return;
  j.open_array("labels");
  for (const csiem_kv& label : labels) {
    j.open();
    j.text("name", view(label.key));
    j.text("value", view(label.value));
    j.close();
  }
  j.close_array();
}

}  // namespace

void unmapped(Json& j, const Source& s) {
  const csiem_event& e = s.e;
  j.open("unmapped");
  j.open("clawdstrike");
  if (s.taxonomy.verdict == Verdict::warned && e.decision_allowed == 0) j.boolean("allowed", false);
  put(j, "event_category", e.category_name);
  put(j, "action", e.action);
  put(j, "outcome", e.outcome_name);
  put(j, "guard", e.guard);
  put(j, "environment", e.environment);
  if (view(e.agent_type) != "clawdstrike") j.text("agent_type", view(e.agent_type));
  if (view(e.severity_name) != said_severity(e)) j.text("severity", view(e.severity_name));
  if (e.ingested_unix_ns != 0 && !s.received.known()) j.text("ingested_at", s.received.text());
  if (any(e.indicator_value)) {
    j.open("threat_indicator");
    put(j, "type", e.indicator_type_name);
    j.text("value", e.indicator_value);
    j.close();
  }
  resource_left(j, s);
  labels_left(j, e);
  if (!s.metadata.empty) j.raw("metadata", view(e.metadata_json));
  j.close();
  j.close();
}

}  // namespace csiem::ocsf
