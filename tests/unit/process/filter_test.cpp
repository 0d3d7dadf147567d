// Which events a filter keeps, and which word it gives for the others.
// SPDX-License-Identifier: Apache-2.0
#include "process/filter.hpp"

#include <doctest/doctest.h>

#include <string>

#include "event_fixture.hpp"

using namespace csiem::process;

namespace {

std::string refusal(FilterSettings settings, const csiem_event& event = egress_event()) {
  const Filter filter(std::move(settings));
  CHECK_FALSE(filter.keeps_all());
  const char* word = filter.refusal(event, kEventTime);
  return word == nullptr ? "" : word;
}

FilterSettings when(const char* text) {
  FilterSettings s;
  s.when = std::move(Expression::parse(text).expression);
  REQUIRE(s.when);
  return s;
}

}  // namespace

TEST_CASE("a filter without settings keeps everything and says so") {
  const Filter filter{FilterSettings{}};
  CHECK(filter.keeps_all());
  CHECK(filter.refusal(egress_event(), kEventTime) == nullptr);
}

TEST_CASE("severity is a floor") {
  CHECK(refusal({.min_severity = CSIEM_SEV_HIGH}) == "");
  CHECK(refusal({.min_severity = CSIEM_SEV_CRITICAL}) == "severity");
}

TEST_CASE("types are included, then excluded") {
  CHECK(refusal({.include_types = {"egress_blocked"}}) == "");
  CHECK(refusal({.include_types = {"guard_block"}}) == "type");
  CHECK(refusal({.exclude_types = {"egress_blocked"}}) == "type");
  CHECK(refusal({.include_types = {"egress_blocked"}, .exclude_types = {"egress_blocked"}}) == "type");
}

TEST_CASE("guards are compared by class, whatever either side wrote") {
  for (const char* spelling : {"egress", "egress_allowlist", "EgressAllowlistGuard", "EGRESS"}) {
    INFO(spelling);
    CHECK(refusal({.include_guards = {spelling}}) == "");
    CHECK(refusal({.exclude_guards = {spelling}}) == "guard");
  }
  CHECK(refusal({.include_guards = {"secret_leak"}}) == "guard");
  csiem_event event = egress_event();
  for (const auto& [name, guard] : {std::pair{"jailbreak", "jailbreak_detection"},
                                    {"ThreatIntelGuard", "threat_intel"},
                                    {"McpToolGuard", "mcp_tool"},
                                    {"PatchIntegrityGuard", "patch_integrity"},
                                    {"SecretLeakGuard", "secret_leak"},
                                    {"ForbiddenPathGuard", "forbidden_path"},
                                    {"Own_Guard", "own_guard"}}) {
    INFO(name);
    event.guard = csiem::str(name);
    CHECK(refusal({.include_guards = {guard}}, event) == "");
  }
}

TEST_CASE("tenants are exact; an event without one is not of an included tenant") {
  CHECK(refusal({.include_tenants = {"acme-corp"}}) == "");
  CHECK(refusal({.include_tenants = {"acme"}}) == "tenant");
  CHECK(refusal({.exclude_tenants = {"acme-corp"}}) == "tenant");
  csiem_event event = egress_event();
  event.tenant_id = {nullptr, 0};
  CHECK(refusal({.include_tenants = {"acme-corp"}}, event) == "tenant");
  CHECK(refusal({.exclude_tenants = {"acme-corp"}}, event) == "");
}

TEST_CASE("the expression decides last") {
  CHECK(refusal(when("resource.port == 443")) == "");
  CHECK(refusal(when("resource.port != 443")) == "when");
  FilterSettings both = when("false");
  both.min_severity = CSIEM_SEV_CRITICAL;
  CHECK(refusal(std::move(both)) == "severity");
}
