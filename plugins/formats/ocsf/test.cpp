// Format `ocsf`: the mapping of schemas.md 5, section by section. That any event obeys the schema is tests/schema.
// SPDX-License-Identifier: Apache-2.0
#include <doctest/doctest.h>

#include <boost/json.hpp>
#include <string>
#include <string_view>

#include "common/test_document.hpp"

using csiem::testing::at;
using csiem::testing::parsed;
using csiem::testing::TestEvent;
using csiem::testing::TestFormat;
namespace json = boost::json;

namespace {

const std::string kEgress = csiem::testing::egress_text(R"({"hostname":"builder-01.example.com"})");

// schemas.md 5.10, with the members in the order of its sections.
constexpr char kEgressOcsf[] =
    R"({"class_uid":2004,"class_name":"Detection Finding","category_uid":2,"category_name":"Findings","activity_id":1,)"
    R"("activity_name":"Create","type_uid":200401,"type_name":"Detection Finding: Create","time":1770459301123,)"
    R"("time_dt":"2026-02-07T10:15:01.123456790Z","timezone_offset":0,"severity_id":4,"severity":"High",)"
    R"("message":"Egress to paste.evil.example:443 is not on the allowlist","status_id":1,"status":"New","action_id":2,)"
    R"("action":"Denied","disposition_id":2,"disposition":"Blocked","is_alert":true,)"
    R"("policy":{"name":"strict","uid":"sha256:9f2c","is_applied":true},)"
    R"("attacks":[{"tactic":{"uid":"TA0010"},"technique":{"uid":"T1048"}}],)"
    R"("actor":{"app_name":"build-agent","app_uid":"agent-7f3a","session":{"uid":"sess-20260207-01"},"user":{"uid":"alice"}},)"
    R"("device":{"type_id":0,"type":"Unknown","hostname":"builder-01.example.com"},)"
    R"("finding_info":{"uid":"0194d3c2-7b01-7a10-8c4d-5e6f70819201",)"
    R"("title":"Egress to paste.evil.example:443 is not on the allowlist",)"
    R"("desc":"Egress to paste.evil.example:443 is not on the allowlist","types":["egress_blocked"],)"
    R"("created_time":1770459301123,"created_time_dt":"2026-02-07T10:15:01.123456790Z",)"
    R"("analytic":{"name":"egress_allowlist","uid":"egress_allowlist","type_id":1,"type":"Rule"},)"
    R"("attacks":[{"tactic":{"uid":"TA0010"},"technique":{"uid":"T1048"}}],"data_sources":["clawdstrike"]},)"
    R"("evidences":[{"dst_endpoint":{"hostname":"paste.evil.example","port":443},)"
    R"("src_endpoint":{"svc_name":"build-agent","hostname":"builder-01.example.com"},)"
    R"("connection_info":{"direction_id":2,"direction":"Outbound"},)"
    R"("actor":{"app_name":"build-agent","app_uid":"agent-7f3a","session":{"uid":"sess-20260207-01"}}}],)"
    R"("resources":[{"name":"paste.evil.example","type":"network"}],)"
    R"("observables":[{"name":"evidences[0].dst_endpoint.hostname","type_id":1,"type":"Hostname","value":"paste.evil.example"},)"
    R"({"name":"resources[0].name","type_id":38,"type":"Resource Details Object: name","value":"paste.evil.example"},)"
    R"({"name":"actor.user.uid","type_id":31,"type":"User Object: uid","value":"alice"}],)"
    R"("metadata":{"version":"1.8.0","profiles":["datetime","host","security_control"],)"
    R"("uid":"0194d3c2-7b01-7a10-8c4d-5e6f70819201",)"
    R"("product":{"name":"Clawdstrike","vendor_name":"Clawdstrike","version":"0.1.0"},"event_code":"egress_blocked",)"
    R"("log_name":"clawdstrike.security","log_provider":"clawdstrike","log_version":"1.0.0",)"
    R"("original_time":"2026-02-07T10:15:01.123456790Z","tenant_uid":"acme-corp","correlation_uid":"sess-20260207-01",)"
    R"("tags":[{"name":"team","value":"payments"}]},)"
    R"("unmapped":{"clawdstrike":{"event_category":"network","action":"egress","outcome":"failure","guard":"egress_allowlist",)"
    R"("environment":"production","threat_indicator":{"type":"domain","value":"paste.evil.example"},)"
    R"("metadata":{"hostname":"builder-01.example.com"}}}})";

TestEvent egress() { return TestEvent(kEgress); }
// The same, allowed.
void allow(csiem_event& e, int32_t resource, const char* action) {
  e.type = CSIEM_TYPE_POLICY_ALLOW;
  e.type_name = csiem::str("policy_allow");
  e.decision_allowed = 1;
  e.outcome = CSIEM_OUTCOME_SUCCESS;
  e.resource_type = resource;
  e.action = csiem::str(action);
}

}  // namespace

TEST_CASE("the blocked egress of schemas.md 5.10 comes out byte for byte") {
  TestEvent event = egress();
  TestFormat format;
  CHECK(format.encode(event.view()) == kEgressOcsf);
}

TEST_CASE("class and activity follow the table of 5.2") {
  struct Row {
    int32_t type, resource, category, allowed;
    const char *action, *user;
    int class_uid, activity;
    const char *activity_name, *type_name;
  };
  const Row rows[] = {
      {CSIEM_TYPE_FORBIDDEN_PATH, CSIEM_RESOURCE_FILE, 0, 0, "file_read", "u", 2004, 1, "Create",
       "Detection Finding: Create"},
      {CSIEM_TYPE_GUARD_WARN, CSIEM_RESOURCE_TOOL, 0, 1, "x", "u", 2004, 1, "Create", "Detection Finding: Create"},
      {CSIEM_TYPE_UNKNOWN, CSIEM_RESOURCE_TOOL, 0, 0, "x", "u", 2004, 1, "Create", "Detection Finding: Create"},
      {CSIEM_TYPE_POLICY_ALLOW, CSIEM_RESOURCE_FILE, 0, 1, "file_access", "u", 1001, 2, "Read",
       "File System Activity: Read"},
      {CSIEM_TYPE_POLICY_ALLOW, CSIEM_RESOURCE_FILE, 0, 1, "create", "u", 1001, 1, "Create",
       "File System Activity: Create"},
      {CSIEM_TYPE_POLICY_ALLOW, CSIEM_RESOURCE_FILE, 0, 1, "patch", "u", 1001, 3, "Update",
       "File System Activity: Update"},
      {CSIEM_TYPE_POLICY_ALLOW, CSIEM_RESOURCE_FILE, 0, 1, "unlink", "u", 1001, 4, "Delete",
       "File System Activity: Delete"},
      {CSIEM_TYPE_POLICY_ALLOW, CSIEM_RESOURCE_FILE, 0, 1, "stat", "u", 1001, 99, "stat",
       "File System Activity: Other"},
      {CSIEM_TYPE_POLICY_ALLOW, CSIEM_RESOURCE_FILE, 0, 1, "", "u", 1001, 0, "Unknown",
       "File System Activity: Unknown"},
      {CSIEM_TYPE_POLICY_ALLOW, CSIEM_RESOURCE_NETWORK, 0, 1, "egress", "u", 4001, 1, "Open", "Network Activity: Open"},
      {CSIEM_TYPE_POLICY_ALLOW, CSIEM_RESOURCE_PROCESS, 0, 1, "shell", "u", 1007, 1, "Launch",
       "Process Activity: Launch"},
      {CSIEM_TYPE_POLICY_ALLOW, CSIEM_RESOURCE_TOOL, 0, 1, "mcp_tool", "u", 6003, 99, "mcp_tool",
       "API Activity: Other"},
      {CSIEM_TYPE_POLICY_ALLOW, CSIEM_RESOURCE_TOOL, 0, 1, "Other", "u", 6003, 0, "Unknown", "API Activity: Unknown"},
      {CSIEM_TYPE_POLICY_ALLOW, CSIEM_RESOURCE_CONFIGURATION, 0, 1, "policy_update", "u", 3004, 3, "Update",
       "Entity Management: Update"},
      {CSIEM_TYPE_POLICY_ALLOW, 0, CSIEM_CATEGORY_TOOL, 1, "tool_call", "u", 6003, 99, "tool_call",
       "API Activity: Other"},
      {CSIEM_TYPE_POLICY_ALLOW, 0, CSIEM_CATEGORY_AUTHORIZATION, 1, "x", "u", 0, 0, "Unknown", "Base Event: Unknown"},
      {CSIEM_TYPE_SESSION_START, CSIEM_RESOURCE_CONFIGURATION, CSIEM_CATEGORY_AUTHENTICATION, 1, "x", "u", 3002, 1,
       "Logon", "Authentication: Logon"},
      {CSIEM_TYPE_SESSION_END, CSIEM_RESOURCE_CONFIGURATION, CSIEM_CATEGORY_AUTHENTICATION, 1, "x", "u", 3002, 2,
       "Logoff", "Authentication: Logoff"},
      {CSIEM_TYPE_SESSION_START, CSIEM_RESOURCE_CONFIGURATION, CSIEM_CATEGORY_AUTHENTICATION, 1, "x", "", 6002, 3,
       "Start", "Application Lifecycle: Start"},
      {CSIEM_TYPE_SESSION_END, CSIEM_RESOURCE_CONFIGURATION, CSIEM_CATEGORY_SESSION, 1, "x", "u", 6002, 4, "Stop",
       "Application Lifecycle: Stop"},
  };
  TestEvent event = egress();
  for (const Row& row : rows) {
    csiem_event& e = event.view();
    e.type = row.type;
    e.resource_type = row.resource;
    e.category = row.category;
    e.decision_allowed = row.allowed;
    e.action = csiem::str(row.action);
    e.user_id = csiem::str(row.user);
    const auto doc = parsed(e);
    INFO(row.type << " " << row.resource << " " << row.action);
    CHECK(doc.at("class_uid") == row.class_uid);
    CHECK(doc.at("activity_id") == row.activity);
    CHECK(doc.at("activity_name") == row.activity_name);
    CHECK(doc.at("type_uid") == row.class_uid * 100 + row.activity);
    CHECK(doc.at("type_name") == row.type_name);
  }
}

TEST_CASE("verdicts follow 5.4") {
  struct Row {
    int32_t type, allowed;
    const char *action, *disposition;
    bool alert;
  };
  const Row rows[] = {
      {CSIEM_TYPE_GUARD_BLOCK, 0, "Denied", "Blocked", true},
      {CSIEM_TYPE_PATCH_REJECTED, 0, "Denied", "Rejected", true},
      {CSIEM_TYPE_GUARD_WARN, 1, "Observed", "Alert", true},
      {CSIEM_TYPE_SECRET_DETECTED, 1, "Observed", "Detected", true},
      {CSIEM_TYPE_SECRET_DETECTED, 0, "Denied", "Blocked", true},
      {CSIEM_TYPE_POLICY_ALLOW, 1, "Allowed", "Allowed", false},
      {CSIEM_TYPE_SESSION_START, 1, "Allowed", "Allowed", false},
      {CSIEM_TYPE_SESSION_START, 0, "Denied", "Blocked", true},
  };
  TestEvent event = egress();
  for (const Row& row : rows) {
    event.view().type = row.type;
    event.view().decision_allowed = row.allowed;
    const auto doc = parsed(event.view());
    INFO(row.type);
    CHECK(doc.at("action") == row.action);
    CHECK(doc.at("disposition") == row.disposition);
    CHECK(doc.at("is_alert") == row.alert);
  }
  event.view().type = CSIEM_TYPE_GUARD_WARN;  // a warning of what was denied says so where nothing else does
  CHECK(at(parsed(event.view()), "/unmapped/clawdstrike/allowed") == "false");
}

TEST_CASE("severity and status") {
  const char* const severities[] = {R"(1"Informational")", R"(2"Low")", R"(3"Medium")", R"(4"High")", R"(5"Critical")"};
  TestEvent event = egress();
  for (int32_t severity = 0; severity < 5; ++severity) {
    event.view().severity = severity;
    const auto doc = parsed(event.view());
    CHECK(at(doc, "/severity_id") + at(doc, "/severity") == severities[severity]);
    CHECK(at(doc, "/status_id") + at(doc, "/status") == R"(1"New")");
  }
  event.view().severity = 7;
  CHECK(at(parsed(event.view()), "/severity") == R"("Unknown")");
  allow(event.view(), CSIEM_RESOURCE_FILE, "read");
  const char* const statuses[] = {R"(0"Unknown")", R"(1"Success")", R"(2"Failure")", R"(0"Unknown")"};
  for (int32_t outcome = 0; outcome < 4; ++outcome) {
    event.view().outcome = outcome;
    const auto doc = parsed(event.view());
    CHECK(at(doc, "/status_id") + at(doc, "/status") == statuses[outcome]);
  }
}

TEST_CASE("a time beyond belief gives way to the time of receipt, and is kept as text") {
  TestEvent event = egress();
  csiem_event& e = event.view();
  e.time_unix_ns = 1'770'459;
  e.time_text = csiem::str("1970-01-01T00:00:00.001770459Z");
  auto doc = parsed(e);
  CHECK(at(doc, "/time") == "0");
  CHECK(at(doc, "/time_dt") == "-");
  CHECK(at(doc, "/metadata/original_time") == R"("1970-01-01T00:00:00.001770459Z")");
  e.ingested_unix_ns = 1'770'459'302'000'999'999;
  doc = parsed(e);
  CHECK(at(doc, "/time") == "1770459302000");
  CHECK(at(doc, "/time_dt") == R"("2026-02-07T10:15:02.000999999Z")");
  CHECK(at(doc, "/metadata/logged_time") == "1770459302000");
  CHECK(at(doc, "/metadata/logged_time_dt") == R"("2026-02-07T10:15:02.000999999Z")");
}

TEST_CASE("network: addresses, zones, ports") {
  struct Row {
    const char* host;
    int32_t port;
    const char *endpoint, *observable, *left;
  };
  const Row rows[] = {
      {"203.0.113.9", 0, R"({"ip":"203.0.113.9","port":0})", R"("dst_endpoint.ip")",
       R"({"name":"paste.evil.example"})"},
      {"fe80::1%eth0", 53, R"({"ip":"fe80::1","port":53})", R"("dst_endpoint.ip")",
       R"({"name":"paste.evil.example","host":"fe80::1%eth0"})"},
      {"0000:0000:0000:0000:0000:ffff:255.255.255.255", -1, R"({"ip":"::ffff:255.255.255.255"})",
       R"("dst_endpoint.ip")",
       R"({"name":"paste.evil.example","host":"0000:0000:0000:0000:0000:ffff:255.255.255.255"})"},
      {"203.0.113.900", 65536, R"({"hostname":"203.0.113.900"})", R"("dst_endpoint.hostname")",
       R"({"name":"paste.evil.example","port":65536})"},
      {"paste.evil.example", 443, R"({"hostname":"paste.evil.example","port":443})", R"("dst_endpoint.hostname")", "-"},
  };
  TestEvent event = egress();
  csiem_event& e = event.view();
  allow(e, CSIEM_RESOURCE_NETWORK, "egress");
  for (const Row& row : rows) {
    INFO(row.host);
    e.resource_host = csiem::str(row.host);
    e.resource_port = row.port;
    const auto doc = parsed(e);
    CHECK(at(doc, "/dst_endpoint") == row.endpoint);
    CHECK(at(doc, "/observables/0/name") == row.observable);
    CHECK(at(doc, "/unmapped/clawdstrike/resource") == row.left);
  }
  e.resource_host = e.resource_name = {nullptr, 0};
  CHECK(at(parsed(e), "/dst_endpoint") == "-");
  CHECK(at(parsed(e), "/src_endpoint/svc_name") == R"("build-agent")");
}

TEST_CASE("files, processes, tools, configuration") {
  TestEvent event = egress();
  csiem_event& e = event.view();
  allow(e, CSIEM_RESOURCE_FILE, "file_write");
  e.resource_host = {nullptr, 0};
  e.resource_port = -1;
  for (const auto& [path, file] :
       {std::pair{"/srv/a.rs", R"({"name":"a.rs","path":"/srv/a.rs","type_id":0,"type":"Unknown"})"},
        {"/", R"({"name":"/","path":"/","type_id":0,"type":"Unknown"})"},
        {"/srv/", R"({"name":"srv","path":"/srv/","type_id":2,"type":"Folder"})"},
        {"C:\\a\\b", R"({"name":"b","path":"C:\\a\\b","type_id":0,"type":"Unknown"})"}}) {
    e.resource_path = csiem::str(path);
    CHECK(at(parsed(e), "/file") == file);
  }
  e.resource_path = e.resource_name = {nullptr, 0};
  CHECK(at(parsed(e), "/file") == R"({"name":"unknown","type_id":0,"type":"Unknown"})");

  e.resource_type = CSIEM_RESOURCE_PROCESS;
  e.resource_name = csiem::str("/usr/bin/curl -s x");
  e.resource_path = csiem::str("/usr/bin/curl");
  CHECK(at(parsed(e), "/process") ==
        R"({"uid":"0194d3c2-7b01-7a10-8c4d-5e6f70819201","cmd_line":"/usr/bin/curl -s x","name":"curl",)"
        R"("file":{"name":"curl","path":"/usr/bin/curl","type_id":0,"type":"Unknown"}})");

  e.resource_type = CSIEM_RESOURCE_TOOL;
  e.resource_name = csiem::str("read_file");
  e.metadata_json = csiem::str(R"({"mcp_server":"github","deep":{"mcp_server":"no"}})");
  auto doc = parsed(e);
  CHECK(at(doc, "/api") == R"({"operation":"read_file","service":{"name":"github"}})");
  CHECK(at(doc, "/unmapped/clawdstrike/resource") == R"({"path":"/usr/bin/curl"})");

  e.resource_type = CSIEM_RESOURCE_CONFIGURATION;
  CHECK(at(parsed(e), "/entity") == R"({"name":"read_file","uid":"/usr/bin/curl","type_id":5,"type":"Policy"})");
}

TEST_CASE("evidence carries what the finding is about") {
  TestEvent event = egress();
  csiem_event& e = event.view();
  e.resource_path = csiem::str("/x/y");
  for (const auto& [resource, pointer] : {std::pair{CSIEM_RESOURCE_FILE, "/evidences/0/file/path"},
                                          {CSIEM_RESOURCE_NETWORK, "/evidences/0/dst_endpoint/hostname"},
                                          {CSIEM_RESOURCE_PROCESS, "/evidences/0/process/cmd_line"},
                                          {CSIEM_RESOURCE_TOOL, "/evidences/0/api/operation"},
                                          {CSIEM_RESOURCE_CONFIGURATION, "/evidences/0/data/name"}}) {
    e.resource_type = resource;
    CHECK(at(parsed(e), pointer) != "-");
    CHECK(at(parsed(e), "/evidences/0/actor/app_uid") == R"("agent-7f3a")");
  }
}

TEST_CASE("attacks: ids and names, sub-techniques") {
  struct Row {
    const char *tactic, *technique, *attacks;
  };
  const Row rows[] = {
      {"TA0006", "T1552.004",
       R"([{"tactic":{"uid":"TA0006"},"technique":{"uid":"T1552"},"sub_technique":{"uid":"T1552.004"}}])"},
      {"exfiltration", "", R"([{"tactic":{"name":"exfiltration"}}])"},
      {"", "AML.T0051", R"([{"technique":{"uid":"AML.T0051"}}])"},
      {"", "T1552.04", R"([{"technique":{"name":"T1552.04"}}])"},
      {"", "", "-"},
  };
  TestEvent event = egress();
  for (const Row& row : rows) {
    event.view().tactic = csiem::str(row.tactic);
    event.view().technique = csiem::str(row.technique);
    const auto doc = parsed(event.view());
    CHECK(at(doc, "/attacks") == row.attacks);
    CHECK(at(doc, "/finding_info/attacks") == row.attacks);
  }
}

TEST_CASE("the title is cut at 200 characters, message and desc are whole") {
  std::string reason;
  for (int i = 0; i < 300; ++i) reason += "\xc3\xa9";
  TestEvent event = egress();
  event.view().reason = csiem::str(reason);
  const auto doc = parsed(event.view());
  CHECK(doc.at("finding_info").at("title").as_string().size() == 400);
  CHECK(doc.at("finding_info").at("desc").as_string().size() == 600);
  CHECK(doc.at("message").as_string().size() == 600);
}

TEST_CASE("activity mode: what was denied is an activity") {
  TestFormat format(TestFormat::Settings{{"mode", "activity"}});
  TestEvent event = egress();
  const auto doc = parsed(event.view(), format);
  CHECK(at(doc, "/type_name") == R"("Network Activity: Refuse")");
  CHECK(at(doc, "/disposition") == R"("Blocked")");
  CHECK(at(doc, "/status") == R"("Failure")");
  CHECK(at(doc, "/finding_info") == "-");
  CHECK(at(doc, "/dst_endpoint/hostname") == R"("paste.evil.example")");
}

TEST_CASE("ai_operation from 1.8.0 on, for tools and processes, when model and provider are known") {
  TestEvent event = egress();
  csiem_event& e = event.view();
  allow(e, CSIEM_RESOURCE_TOOL, "tool_call");
  e.metadata_json = csiem::str(R"({"model":"m-1","provider":"example"})");
  const auto profiles = [&](const char* version) {
    TestFormat format(TestFormat::Settings{{"version", version}});
    const auto doc = parsed(e, format);
    CHECK(at(doc, "/metadata/version") == "\"" + std::string(version) + "\"");
    return at(doc, "/metadata/profiles/3") + at(doc, "/ai_model");
  };
  CHECK(profiles("1.8.0") == R"("ai_operation"{"name":"m-1","ai_provider":"example"})");
  for (const char* older : {"1.5.0", "1.6.0", "1.7.0"}) CHECK(profiles(older) == "--");
  e.resource_type = CSIEM_RESOURCE_FILE;
  CHECK(profiles("1.8.0") == "--");
  e.resource_type = CSIEM_RESOURCE_TOOL;
  e.metadata_json = csiem::str(R"({"model":"m-1"})");
  CHECK(profiles("1.8.0") == "--");
}

TEST_CASE("the host: metadata, else the settings, else the agent stands for the device") {
  TestEvent event = egress();
  TestFormat configured(TestFormat::Settings{{"csiem.host_name", "collector.example"}});
  CHECK(at(parsed(event.view(), configured), "/device/hostname") == R"("builder-01.example.com")");
  event.view().metadata_json = csiem::str("{}");
  CHECK(at(parsed(event.view(), configured), "/device/hostname") == R"("collector.example")");
  CHECK(at(parsed(event.view()), "/device") ==
        R"({"type_id":0,"type":"Unknown","name":"build-agent","uid":"agent-7f3a"})");
}

TEST_CASE("the raw event is attached on request only") {
  TestEvent event = egress();
  CHECK(at(parsed(event.view()), "/raw_data") == "-");
  TestFormat raw(TestFormat::Settings{{"include_raw", "true"}});
  const auto doc = parsed(event.view(), raw);
  CHECK(doc.at("raw_data").as_string() == kEgress);
  CHECK(doc.at("raw_data_size") == kEgress.size());
}

TEST_CASE("an event with nothing in it is still an event") {
  csiem_event bare{};
  bare.struct_size = sizeof bare;
  bare.resource_port = -1;
  const auto doc = parsed(bare);
  CHECK(at(doc, "/actor") == R"({"app_name":"unknown"})");
  CHECK(at(doc, "/device") == R"({"type_id":0,"type":"Unknown","name":"unknown"})");
  CHECK(at(doc, "/finding_info/uid") == R"("unknown")");
  CHECK(at(doc, "/observables") == "-");
  CHECK(at(doc, "/resources") == "-");
}

TEST_CASE("settings outside their lists are refused") {
  for (const auto& [key, value, why] :
       {std::tuple{"version", "1.4.0", "version: \"1.4.0\" is not one of 1.5.0, 1.6.0, 1.7.0, 1.8.0"},
        {"version", "1.9.0-dev", "version: \"1.9.0-dev\" is not one of 1.5.0, 1.6.0, 1.7.0, 1.8.0"},
        {"mode", "both", "mode: \"both\" is neither finding nor activity"}}) {
    const TestFormat refused(TestFormat::Settings{{key, value}});
    CHECK_FALSE(refused.created);
    CHECK(refused.error == why);
  }
}
