// Format `kv`: which pairs, in which order, and values that cannot become more than one.
// SPDX-License-Identifier: Apache-2.0
#include <doctest/doctest.h>

#include "common/test_event.hpp"
#include "common/test_format.hpp"

using csiem::testing::TestEvent;
using csiem::testing::TestFormat;

namespace {

constexpr char kFull[] =
    R"({"schema_version":"1.0.0","event_id":"0194d3c2-7b01-7a10-8c4d-5e6f70819201","event_type":"egress_blocked",)"
    R"("event_category":"network","timestamp":"2026-02-07T10:15:01.123456790Z","agent":{"id":"agent-7f3a","name":"build \"x\"",)"
    R"("version":"0.1.0","type":"clawdstrike"},"session":{"id":"sess-1","user_id":"alice","tenant_id":"acme"},)"
    R"("outcome":"failure","action":"egress","threat":{"indicator":{"type":"domain","value":"a.example"},"tactic":"TA0010",)"
    R"("technique":"T1048"},"decision":{"allowed":false,"guard":"egress","severity":"high","reason":"a=b\nc \\ d","policy_hash":"0x1",)"
    R"("ruleset":"strict"},"resource":{"type":"network","name":"a.example","path":"p","host":"a.example","port":443},)"
    R"("metadata":{"n":[1]},"labels":{"a b=c":"x y","empty":""}})";

}  // namespace

TEST_CASE("every field that is there, the important ones first") {
  TestEvent event(kFull);
  CHECK(
      TestFormat().encode(event.view()) ==
      R"(event_id=0194d3c2-7b01-7a10-8c4d-5e6f70819201 timestamp=2026-02-07T10:15:01.123456790Z event_type=egress_blocked )"
      R"(severity=high allowed=false outcome=failure event_category=network action=egress guard=egress agent_id=agent-7f3a )"
      R"(agent_name="build \"x\"" agent_version=0.1.0 session_id=sess-1 user_id=alice tenant_id=acme resource_type=network )"
      R"(resource_name=a.example resource_path=p resource_host=a.example resource_port=443 tactic=TA0010 technique=T1048 )"
      R"(indicator_type=domain indicator=a.example ruleset=strict policy_hash=0x1 reason="a=b\nc \\ d" label_a_b_c="x y" )"
      R"(metadata="{\"n\":[1]}")");
}

TEST_CASE("control characters and quotes stay inside of their value") {
  TestEvent event(kFull);
  event.view().reason = csiem::str(std::string_view("x\" severity=info\r\n\0\t\x7f end\\", 26));
  const std::string line = TestFormat().encode(event.view());
  CHECK(line.find(R"(reason="x\" severity=info\r\n    end\\" label_)") != std::string::npos);
  CHECK(line.find_first_of(std::string_view("\r\n\0\t", 4)) == std::string::npos);
}

TEST_CASE("the descriptor says what the host needs") {
  CHECK(std::string_view(TestFormat::component().name) == "kv");
  CHECK(std::string_view(TestFormat::api().content_type) == "text/plain");
}
