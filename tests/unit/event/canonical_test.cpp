#include "event/canonical.hpp"

#include <doctest/doctest.h>
#include <csiem/json.hpp>

#include <array>
#include <string>

#include "base/buffer.hpp"

using namespace csiem;

namespace {

csiem_event smallest() {
  csiem_event e{};
  e.struct_size = sizeof e;
  e.resource_port = -1;
  e.schema_version = str("1.0.0");
  e.event_id = str("0195a1c2-0000-7000-8000-00000000000d");
  e.type_name = str("guard_block");
  e.category_name = str("file");
  e.time_unix_ns = 1'772'438'400'000'000'000;
  e.agent_id = e.agent_name = str("a");
  e.agent_version = str("1");
  e.agent_type = str("clawdstrike");
  e.session_id = str("s");
  e.outcome_name = str("failure");
  e.action = str("file_access");
  e.guard = str("engine");
  e.severity_name = str("high");
  e.reason = str("no");
  e.resource_type_name = str("file");
  e.resource_name = str("/x");
  return e;
}

std::string written(const csiem_event& e) {
  Buffer buffer;
  REQUIRE(event::write_canonical(e, buffer.writer()));
  return std::string(buffer.view());
}

}  // namespace

TEST_CASE("absent members are left out; threat, metadata and labels always stand") {
  CHECK(written(smallest()) ==
        R"({"schema_version":"1.0.0","event_id":"0195a1c2-0000-7000-8000-00000000000d","event_type":"guard_block",)"
        R"("event_category":"file","timestamp":"2026-03-02T08:00:00.000000000Z","agent":{"id":"a","name":"a",)"
        R"("version":"1","type":"clawdstrike"},"session":{"id":"s"},"outcome":"failure","action":"file_access",)"
        R"("threat":{},"decision":{"allowed":false,"guard":"engine","severity":"high","reason":"no"},)"
        R"("resource":{"type":"file","name":"/x"},"metadata":{},"labels":{}})");
}

TEST_CASE("every optional member in its place") {
  csiem_event e = smallest();
  e.ingested_unix_ns = 1'772'438'400'000'000'001;
  e.user_id = str("u");
  e.tenant_id = str("t");
  e.environment = str("dev");
  e.indicator_type_name = str("domain");
  e.indicator_value = str("h");
  e.tactic = str("TA0006");
  e.technique = str("T1552");
  e.policy_hash = str("p");
  e.ruleset = str("r");
  e.resource_path = str("/x");
  e.resource_host = str("h");
  e.resource_port = 443;
  e.decision_allowed = 1;
  e.metadata_json = str(R"({"k":1})");
  const std::array<csiem_kv, 2> labels{csiem_kv{str("a\"b"), str("1")}, csiem_kv{str("c"), str("\n")}};
  e.labels = labels.data();
  e.label_count = labels.size();
  CHECK(written(e) ==
        R"({"schema_version":"1.0.0","event_id":"0195a1c2-0000-7000-8000-00000000000d","event_type":"guard_block",)"
        R"("event_category":"file","timestamp":"2026-03-02T08:00:00.000000000Z",)"
        R"("ingested_at":"2026-03-02T08:00:00.000000001Z","agent":{"id":"a","name":"a","version":"1",)"
        R"("type":"clawdstrike"},"session":{"id":"s","user_id":"u","tenant_id":"t","environment":"dev"},)"
        R"("outcome":"failure","action":"file_access","threat":{"indicator":{"type":"domain","value":"h"},)"
        R"("tactic":"TA0006","technique":"T1552"},"decision":{"allowed":true,"guard":"engine","severity":"high",)"
        R"("reason":"no","policy_hash":"p","ruleset":"r"},"resource":{"type":"file","name":"/x","path":"/x",)"
        R"("host":"h","port":443},"metadata":{"k":1},"labels":{"a\"b":"1","c":"\n"}})");
}

TEST_CASE("a threat with a technique only has no stray comma") {
  csiem_event e = smallest();
  e.technique = str("T1005");
  CHECK(written(e).find(R"("threat":{"technique":"T1005"})") != std::string::npos);
}
