// The canonical event as JSON text, from its view (events.md A.1).
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <csiem/json.hpp>

#include "common/time_text.hpp"

namespace csiem::formats {

// Keys in the order of the model; absent optional members are left out; threat, metadata and labels are always there.
inline void write_canonical(const csiem_event& e, Out& out) noexcept {
  const auto required = [](csiem_str s) { return view(s); };
  Json j(out);
  j.open();
  j.text("schema_version", required(e.schema_version));
  j.text("event_id", required(e.event_id));
  j.text("event_type", required(e.type_name));
  j.text("event_category", required(e.category_name));
  if (e.time_text.len != 0) {
    j.text("timestamp", view(e.time_text));
  } else {
    j.text("timestamp", time_text(e.time_unix_ns).view());
  }
  if (e.ingested_unix_ns != 0) j.text("ingested_at", time_text(e.ingested_unix_ns).view());
  j.open("agent");
  j.text("id", required(e.agent_id));
  j.text("name", required(e.agent_name));
  j.text("version", required(e.agent_version));
  j.text("type", required(e.agent_type));
  j.close();
  j.open("session");
  j.text("id", required(e.session_id));
  j.text("user_id", e.user_id);
  j.text("tenant_id", e.tenant_id);
  j.text("environment", e.environment);
  j.close();
  j.text("outcome", required(e.outcome_name));
  j.text("action", required(e.action));
  j.open("threat");
  if (present(e.indicator_value)) {
    j.open("indicator");
    j.text("type", required(e.indicator_type_name));
    j.text("value", e.indicator_value);
    j.close();
  }
  j.text("tactic", e.tactic);
  j.text("technique", e.technique);
  j.close();
  j.open("decision");
  j.boolean("allowed", e.decision_allowed != 0);
  j.text("guard", required(e.guard));
  j.text("severity", required(e.severity_name));
  j.text("reason", required(e.reason));
  j.text("policy_hash", e.policy_hash);
  j.text("ruleset", e.ruleset);
  j.close();
  j.open("resource");
  j.text("type", required(e.resource_type_name));
  j.text("name", required(e.resource_name));
  j.text("path", e.resource_path);
  j.text("host", e.resource_host);
  if (e.resource_port >= 0) j.integer("port", e.resource_port);
  j.close();
  j.raw("metadata", e.metadata_json.len == 0 ? std::string_view("{}") : view(e.metadata_json));
  j.open("labels");
  for (uint64_t i = 0; i < e.label_count; ++i) {
    j.key_escaped(view(e.labels[i].key));
    j.value(view(e.labels[i].value));
  }
  j.close();
  j.close();
}

}  // namespace csiem::formats
