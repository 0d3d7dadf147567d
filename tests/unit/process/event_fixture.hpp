// A blocked egress event, built by hand, for the tests of this room.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <csiem/json.hpp>

#include <string_view>

namespace csiem::process {

inline constexpr int64_t kEventTime = 1'772'438'400'000'000'000;  // 2026-03-02T08:00:00Z

inline csiem_event egress_event() {
  static const csiem_kv kLabels[] = {
      {str("team"), str("payments")}, {str("k8s.io/name"), str("x")}, {str("empty"), str("")}};
  csiem_event e{};
  e.struct_size = sizeof e;
  e.time_unix_ns = kEventTime;
  e.time_text = str("2026-03-02T08:00:00.000000000Z");
  e.type = CSIEM_TYPE_EGRESS_BLOCKED;
  e.type_name = str("egress_blocked");
  e.category = CSIEM_CATEGORY_NETWORK;
  e.category_name = str("network");
  e.outcome = CSIEM_OUTCOME_FAILURE;
  e.outcome_name = str("failure");
  e.severity = CSIEM_SEV_HIGH;
  e.severity_name = str("high");
  e.action = str("egress");
  e.schema_version = str("1.0.0");
  e.event_id = str("0194d3c2-7b01-7a10-8c4d-5e6f70819201");
  e.agent_id = str("agent-7f3a");
  e.agent_name = str("build-agent");
  e.agent_version = str("0.1.0");
  e.agent_type = str("clawdstrike");
  e.session_id = str("sess-1");
  e.tenant_id = str("acme-corp");
  e.guard = str("EgressAllowlistGuard");
  e.reason = str("Egress to 10.1.2.3:443 is not on the allowlist");
  e.policy_hash = str("sha256:9F2C00");
  e.resource_type = CSIEM_RESOURCE_NETWORK;
  e.resource_type_name = str("network");
  e.resource_name = str("10.1.2.3");
  e.resource_host = str("10.1.2.3");
  e.resource_port = 443;
  e.labels = kLabels;
  e.label_count = 3;
  e.metadata_json = str(
      R"({"a":{"b":"deep","n":[{"b":"inside an array"}]},"pid":42,"ratio":1.5,"big":18446744073709551615,"flag":true,"none":null,)"
      R"("list":["x"],"twice":1,"a.b":"dotted","twice":2,"user\u0041gent":"curl"})");
  return e;
}

}  // namespace csiem::process
