// What expressions mean (ux.md 6).
// SPDX-License-Identifier: Apache-2.0
#include "process/expression.hpp"

#include <doctest/doctest.h>

#include <string>

#include "event_fixture.hpp"

using csiem::process::egress_event;
using csiem::process::Expression;
using csiem::process::kEventTime;

namespace {

constexpr int64_t kSecond = 1'000'000'000;

bool holds(const char* text, const csiem_event& event = egress_event(), int64_t now = kEventTime) {
  const auto parsed = Expression::parse(text);
  REQUIRE_MESSAGE(parsed.expression != nullptr, text << ": " << parsed.error.what);
  return parsed.expression->matches(event, now);
}

struct Case {
  const char* text;
  bool expected;
};

void check_all(std::initializer_list<Case> cases) {
  for (const Case& c : cases) {
    INFO(c.text);
    CHECK(holds(c.text) == c.expected);
  }
}

}  // namespace

TEST_CASE("&& binds stronger than ||, ! takes one operand") {
  check_all({{"true", true},
             {"false", false},
             {"true || false && false", true},
             {"(true || false) && false", false},
             {"!false && true", true},
             {"!(true && true)", false},
             {"!decision.allowed == true", true},  // the comparison is the operand
             {"false || false || true", true},
             {"true && true && false", false}});
}

TEST_CASE("severity compares by rank, not by spelling") {
  check_all({{"decision.severity >= \"high\"", true},
             {"decision.severity > \"high\"", false},
             {"decision.severity < \"critical\"", true},
             {"decision.severity > \"low\"", true},  // as text "high" < "low"
             {"decision.severity == \"high\"", true},
             {"decision.severity in [\"high\", \"critical\"]", true},
             {"decision.severity not in [\"info\"]", true}});
}

TEST_CASE("text compares by its bytes") {
  check_all({{"event_type == \"egress_blocked\"", true},
             {"event_type == 'egress_blocked'", true},
             {"event_type != \"guard_block\"", true},
             {"agent.name < \"c\"", true},
             {"agent[\"name\"] == \"build-agent\"", true},
             {"outcome in [\"failure\", \"unknown\"]", true},
             {"action not in [\"egress\"]", false}});
}

TEST_CASE("a missing field makes a comparison false and != true") {
  check_all({{"session.user_id == \"\"", false},
             {"session.user_id != \"alice\"", true},
             {"session.user_id < \"z\"", false},
             {"session.user_id in [\"alice\"]", false},
             {"session.user_id not in [\"alice\"]", true},
             {"exists(session.user_id)", false},
             {"glob(session.user_id, \"*\")", false},
             {"metadata.nothing == 1", false},
             {"metadata.nothing != 1", true},
             {"labels.nothing != \"x\"", true},
             {"age(ingested_at) > \"0s\"", false},
             {"age(ingested_at) != \"0s\"", true},
             {"exists(ingested_at)", false}});
}

TEST_CASE("types never convert") {
  check_all({{"resource.port == 443", true},
             {"resource.port == 443.0", true},
             {"resource.port == \"443\"", false},
             {"resource.port != \"443\"", true},
             {"resource.port > 442.5", true},
             {"event_type == 1", false},
             {"decision.allowed == false", true},
             {"decision.allowed != true", true},
             {"decision.allowed == \"false\"", false},
             {"decision.allowed < true", false},
             {"metadata.flag == true", true},
             {"metadata.flag == 1", false},
             {"metadata.pid == \"42\"", false},
             {"metadata.none == false", false},
             {"metadata.list == \"x\"", false}});
}

TEST_CASE("exists tests presence") {
  check_all({{"exists(resource.port)", true},
             {"exists(resource.path)", false},
             {"exists(threat)", false},
             {"exists(threat.indicator)", false},
             {"exists(agent)", true},
             {"exists(labels.empty)", true},
             {"exists(metadata.none)", true},
             {"exists(metadata.a)", true},
             {"exists(metadata.a.b)", true},
             {"exists(metadata.a.c)", false},
             {"exists(metadata)", true}});
}

TEST_CASE("labels are found by name, with and without brackets") {
  check_all({{"labels.team == \"payments\"", true},
             {"labels[\"team\"] == \"payments\"", true},
             {"labels[\"k8s.io/name\"] == \"x\"", true},
             {"labels.empty == \"\"", true}});
}

TEST_CASE("metadata is found by path, whatever its JSON type") {
  check_all({{"metadata.a.b == \"deep\"", true},
             {"metadata[\"a\"][\"b\"] == \"deep\"", true},
             {"metadata[\"a.b\"] == \"dotted\"", true},
             {"metadata.a.n.b == \"inside an array\"", false},
             {"metadata.pid == 42", true},
             {"metadata.pid >= 41.5", true},
             {"metadata.ratio == 1.5", true},
             {"metadata.ratio < 2", true},
             {"metadata.big > 9223372036854775807", true},
             {"metadata.twice == 2", true},  // the last of a repeated key
             {"metadata.userAgent == \"curl\"", true},
             {"metadata.b == \"deep\"", false},
             {"starts_with(metadata.a.b, \"de\")", true}});
}

TEST_CASE("metadata that is no JSON, absent or nested without end is missing, never a failure") {
  csiem_event event = egress_event();
  event.metadata_json = csiem::str("{\"a\":");
  CHECK_FALSE(holds("metadata.a == 1", event));
  event.metadata_json = {nullptr, 0};
  CHECK(holds("metadata.a != 1", event));
  const std::string deep = "{\"a\":" + std::string(100'000, '[') + std::string(100'000, ']') + "}";
  event.metadata_json = csiem::str(deep);
  CHECK_FALSE(holds("metadata.a == 1", event));
}

TEST_CASE("guards compare by class in ==, != and in; as written in calls") {
  check_all({{"decision.guard == \"egress_allowlist\"", true},
             {"decision.guard == \"egress\"", true},
             {"decision.guard == \"EGRESS\"", true},
             {"decision.guard != \"egress\"", false},
             {"decision.guard in [\"secret_leak\", \"egress\"]", true},
             {"decision.guard == \"secret_leak\"", false},
             {"starts_with(decision.guard, \"EgressAllow\")", true},
             {"starts_with(decision.guard, \"egress\")", false}});
}

TEST_CASE("policy hashes compare on their digits") {
  check_all({{"decision.policy_hash == \"9f2c00\"", true},
             {"decision.policy_hash == \"0x9f2c00\"", true},
             {"decision.policy_hash == \"sha256:9f2c00\"", true},
             {"decision.policy_hash != \"9f2c01\"", true}});
}

TEST_CASE("times compare as points in time") {
  check_all({{"timestamp == \"2026-03-02T08:00:00Z\"", true},
             {"timestamp == \"2026-03-02T10:00:00+02:00\"", true},
             {"timestamp < \"2026-03-02T08:00:00.1Z\"", true},
             {"starts_with(timestamp, \"2026-03-02T08\")", true}});
}

TEST_CASE("age counts from now") {
  const int64_t now = kEventTime + 90 * kSecond;
  CHECK(holds("age(timestamp) > \"1m\"", egress_event(), now));
  CHECK(holds("age(timestamp) == 1m30s", egress_event(), now));
  CHECK_FALSE(holds("age(timestamp) >= \"1h30m\"", egress_event(), now));
  CHECK(holds("age(timestamp) < 5m && !(age(timestamp) < 90s)", egress_event(), now));
}

TEST_CASE("calls on text: whole globs, heads, tails, parts, any of several") {
  check_all({{"glob(resource.host, \"10.*\")", true},
             {"glob(resource.host, \"10\")", false},
             {"glob(event_type, \"*_block?d\")", true},
             {"glob(event_type, \"[a-e]gress_[!x]locked\")", true},
             {"glob(event_type, \"x*\", \"e*\")", true},
             {"glob(resource.port, \"443\")", false},
             {"ends_with(agent.name, \"-agent\")", true},
             {"ends_with(agent.name, \"agents\")", false},
             {"contains(decision.reason, \"allowlist\")", true},
             {"contains(decision.reason, \"blocklist\", \"not on\")", true}});
}

TEST_CASE("cidr knows IPv4, IPv6, mapped addresses and single hosts") {
  csiem_event event = egress_event();
  CHECK(holds("cidr(resource.host, \"10.0.0.0/8\")", event));
  CHECK(holds("cidr(resource.host, \"192.168.0.0/16\", \"10.1.2.3\")", event));
  CHECK_FALSE(holds("cidr(resource.host, \"10.1.2.4/31\")", event));
  CHECK(holds("cidr(resource.host, \"10.1.2.2/31\")", event));
  CHECK(holds("cidr(resource.host, \"0.0.0.0/0\")", event));
  CHECK_FALSE(holds("cidr(resource.host, \"2001:db8::/32\")", event));
  event.resource_host = csiem::str("2001:db8:1::1");
  CHECK(holds("cidr(resource.host, \"2001:db8::/32\")", event));
  CHECK_FALSE(holds("cidr(resource.host, \"2001:db9::/32\")", event));
  CHECK_FALSE(holds("cidr(resource.host, \"0.0.0.0/0\")", event));
  event.resource_host = csiem::str("::ffff:10.1.2.3");
  CHECK(holds("cidr(resource.host, \"10.0.0.0/8\")", event));
  event.resource_host = csiem::str("fe80::1%eth0");
  CHECK(holds("cidr(resource.host, \"fe80::/10\")", event));
  event.resource_host = csiem::str("ten.example");
  CHECK_FALSE(holds("cidr(resource.host, \"0.0.0.0/0\")", event));
}

TEST_CASE("errors point at the place and suggest what was meant") {
  struct Wrong {
    const char* text;
    std::size_t offset, length;
    const char* what;
    const char* suggestion;
  };
  const Wrong cases[] = {
      {"decison.severity == \"high\"", 0, 16, "unknown field 'decison.severity'", "decision.severity"},
      {"true && severity == \"high\"", 8, 8, "unknown field 'severity'", "decision.severity"},
      {"lables.team == \"x\"", 0, 11, "unknown field 'lables.team'", "labels.team"},
      {"resource.bogus == 1", 0, 14, "unknown field 'resource.bogus'", ""},
      {"decision.severity == \"hihg\"", 21, 6, "'hihg' is no severity (info, low, medium, high, critical)", "high"},
      {"decision.allowed", 16, 1, "expected a comparison behind 'decision.allowed', found the end",
       "decision.allowed == true"},
      {"agent == \"x\"", 0, 5, "'agent' is an object: name one of its members", ""},
      {"action = \"x\"", 7, 1, "'=' compares nothing", "=="},
      {"true & true", 5, 1, "a single '&' joins nothing", "&&"},
      {"action == \"x", 10, 2, "string is not closed", ""},
      {"action == x", 10, 1, "the right side must be a value, found the name 'x'", "\"x\""},
      {"\"x\" == action", 0, 3, "a comparison begins with a field, not with a value: found '\"x\"'", ""},
      {"", 0, 1, "expected a field, a call or '(', found the end", ""},
      {"(true", 5, 1, "expected ')' to close the parenthesis, found the end", ""},
      {"true true", 5, 4, "expected '&&', '||' or the end, found 'true'", ""},
      {"!!true", 1, 1, "expected a field, a call or '(', found '!'", ""},
      {"cidr(resource.host, \"10.0.0.0/33\")", 20, 13, "'10.0.0.0/33' is no network like 10.0.0.0/8 or 2001:db8::/32",
       ""},
      {"timestamp > \"yesterday\"", 12, 11, "'yesterday' is no time like 2026-03-02T08:00:00Z", ""},
      {"action == 5m", 10, 2, "a duration compares with age() only", "age(timestamp)"},
      {"age(action) > 5m", 4, 6, "age() takes timestamp or ingested_at", "timestamp"},
      {"age(timestamp) > 5", 17, 1, "expected a duration like \"5m\" or \"1h30m\", found '5'", ""},
      {"action in [\"a\" \"b\"]", 15, 3, "expected ',' or ']' in a list, found '\"b\"'", ""},
      {"matches(action, \"x\")", 0, 7, "unknown call 'matches'", ""},
      {"action == \"\\q\"", 11, 2, "unknown escape in a string", ""},
      {"resource.port == 12x", 17, 3, "'12x' is neither a number nor a duration", ""},
      {"action ~ \"x\"", 7, 1, "unexpected character", ""},
  };
  for (const Wrong& w : cases) {
    INFO(w.text);
    const auto parsed = Expression::parse(w.text);
    REQUIRE(parsed.expression == nullptr);
    CHECK(parsed.error.offset == w.offset);
    CHECK(parsed.error.length == w.length);
    CHECK(parsed.error.what == w.what);
    CHECK(parsed.error.suggestion == w.suggestion);
  }
}

TEST_CASE("size, depth and length are bounded") {
  const auto nested = [](std::size_t n) { return std::string(n, '(') + "true" + std::string(n, ')'); };
  CHECK(Expression::parse(nested(64)).expression != nullptr);
  const auto deep = Expression::parse(nested(65));
  REQUIRE(deep.expression == nullptr);
  CHECK(deep.error.what == "parentheses are nested deeper than 64");
  CHECK(deep.error.offset == 64);

  std::string wide = "true";
  for (int i = 0; i < 999; ++i) wide += "||true";
  CHECK(Expression::parse(wide).expression != nullptr);
  wide += "||true";
  CHECK(Expression::parse(wide).error.what == "expression has more than 1000 parts");

  const std::string text = "action == \"" + std::string(16 * 1024, 'x') + "\"";
  CHECK(Expression::parse(text).error.what == "expression is longer than 16384 bytes");
}

TEST_CASE("a glob with many stars on a long text stays cheap") {
  csiem_event event = egress_event();
  const std::string text(32 * 1024, 'a');
  event.resource_name = csiem::str(text);
  std::string pattern;
  for (int i = 0; i < 200; ++i) pattern += "a*";
  CHECK_FALSE(holds(("glob(resource.name, \"" + pattern + "b\")").c_str(), event));
  CHECK(holds(("glob(resource.name, \"" + pattern + "\")").c_str(), event));
}
