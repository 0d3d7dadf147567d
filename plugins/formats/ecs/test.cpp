// Format `ecs`: the mapping of schemas.md 4, golden documents and every combination of the enumerations.
// SPDX-License-Identifier: Apache-2.0
#include <doctest/doctest.h>

#include <algorithm>
#include <boost/json.hpp>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "common/test_document.hpp"

using csiem::testing::at;
using csiem::testing::parsed;
using csiem::testing::TestEvent;
using csiem::testing::TestFormat;
namespace json = boost::json;

namespace {

const std::string kEgress = csiem::testing::egress_text();

constexpr char kEgressEcs[] =
    R"({"@timestamp":"2026-02-07T10:15:01.123456790Z","ecs":{"version":"8.17.0"},)"
    R"("event":{"id":"0194d3c2-7b01-7a10-8c4d-5e6f70819201","kind":"alert","category":["network","intrusion_detection"],)"
    R"("type":["connection","denied"],"outcome":"failure","action":"egress","code":"egress_blocked","severity":4,)"
    R"("reason":"Egress to paste.evil.example:443 is not on the allowlist","module":"clawdstrike","dataset":"clawdstrike.security"},)"
    R"("message":"Egress to paste.evil.example:443 is not on the allowlist",)"
    R"("agent":{"id":"agent-7f3a","name":"build-agent","version":"0.1.0","type":"clawdstrike"},)"
    R"("observer":{"vendor":"Clawdstrike","product":"clawdstrike","type":"policy-engine","version":"0.1.0"},)"
    R"("rule":{"name":"egress_allowlist","ruleset":"strict","version":"sha256:9f2c"},)"
    R"("user":{"id":"alice"},"organization":{"id":"acme-corp"},"service":{"environment":"production"},)"
    R"("destination":{"address":"paste.evil.example","domain":"paste.evil.example","port":443},"network":{"direction":"egress"},)"
    R"("related":{"user":["alice"],"hosts":["paste.evil.example"]},)"
    R"("threat":{"framework":"MITRE ATT&CK","tactic":{"id":["TA0010"]},"technique":{"id":["T1048"]},)"
    R"("indicator":{"name":"paste.evil.example","type":"domain-name","url":{"domain":"paste.evil.example"}}},)"
    R"("labels":{"team":"payments"},)"
    R"("clawdstrike":{"schema_version":"1.0.0","event_type":"egress_blocked","event_category":"network","session_id":"sess-20260207-01",)"
    R"("guard":"egress_allowlist","ruleset":"strict","policy_hash":"sha256:9f2c","environment":"production",)"
    R"("decision":{"allowed":false,"severity":"high"},)"
    R"("resource":{"type":"network","name":"paste.evil.example","host":"paste.evil.example","port":443},)"
    R"("threat":{"indicator":{"type":"domain","value":"paste.evil.example"}}}})";

TestEvent egress() { return TestEvent(kEgress); }

}  // namespace

TEST_CASE("the blocked egress of schemas.md 4.7 comes out byte for byte") {
  TestEvent event = egress();
  TestFormat format;
  CHECK(format.encode(event.view()) == kEgressEcs);
}

TEST_CASE("an allowed write differs as schemas.md 4.7 says") {
  TestEvent event = egress();
  csiem_event& e = event.view();
  e.type = CSIEM_TYPE_POLICY_ALLOW;
  e.type_name = csiem::str("policy_allow");
  e.outcome = CSIEM_OUTCOME_SUCCESS;
  e.severity = CSIEM_SEV_INFO;
  e.decision_allowed = 1;
  e.action = csiem::str("file_write");
  e.resource_type = CSIEM_RESOURCE_FILE;
  e.resource_path = csiem::str("/srv/app/src/lib.rs");
  const auto doc = parsed(e);
  CHECK(at(doc, "/event/kind") == R"("event")");
  CHECK(at(doc, "/event/category") == R"(["file","intrusion_detection"])");
  CHECK(at(doc, "/event/type") == R"(["change","allowed"])");
  CHECK(at(doc, "/event/outcome") == R"("success")");
  CHECK(at(doc, "/event/severity") == "1");
  CHECK(at(doc, "/event/code") == R"("policy_allow")");
  CHECK(at(doc, "/file") ==
        R"({"path":"/srv/app/src/lib.rs","name":"lib.rs","directory":"/srv/app/src","extension":"rs"})");
  CHECK(at(doc, "/destination") == "-");
}

TEST_CASE("category and type follow the table of schemas.md 4.2") {
  struct Row {
    int32_t type, resource, category, allowed;
    const char *action, *kind, *categories, *types;
  };
  const Row rows[] = {
      {CSIEM_TYPE_FORBIDDEN_PATH, CSIEM_RESOURCE_FILE, CSIEM_CATEGORY_FILE, 0, "file_access", "alert",
       R"(["file","intrusion_detection"])", R"(["access","denied"])"},
      {CSIEM_TYPE_PATCH_REJECTED, CSIEM_RESOURCE_FILE, CSIEM_CATEGORY_FILE, 0, "patch", "alert",
       R"(["file","intrusion_detection"])", R"(["change","denied"])"},
      {CSIEM_TYPE_GUARD_BLOCK, CSIEM_RESOURCE_FILE, CSIEM_CATEGORY_FILE, 0, "file.delete", "alert",
       R"(["file","intrusion_detection"])", R"(["deletion","denied"])"},
      {CSIEM_TYPE_GUARD_BLOCK, CSIEM_RESOURCE_FILE, CSIEM_CATEGORY_FILE, 0, "CREATE-file", "alert",
       R"(["file","intrusion_detection"])", R"(["creation","denied"])"},
      {CSIEM_TYPE_GUARD_BLOCK, CSIEM_RESOURCE_FILE, CSIEM_CATEGORY_FILE, 0, "write_then_read", "alert",
       R"(["file","intrusion_detection"])", R"(["access","denied"])"},
      {CSIEM_TYPE_GUARD_BLOCK, CSIEM_RESOURCE_FILE, CSIEM_CATEGORY_FILE, 0, "rewritten", "alert",
       R"(["file","intrusion_detection"])", R"(["access","denied"])"},
      {CSIEM_TYPE_GUARD_BLOCK, CSIEM_RESOURCE_PROCESS, CSIEM_CATEGORY_PROCESS, 0, "shell", "alert",
       R"(["process","intrusion_detection"])", R"(["start","denied"])"},
      {CSIEM_TYPE_SECRET_DETECTED, CSIEM_RESOURCE_TOOL, CSIEM_CATEGORY_TOOL, 1, "mcp_tool", "alert",
       R"(["api","intrusion_detection"])", R"(["access","allowed"])"},
      {CSIEM_TYPE_SECRET_DETECTED, CSIEM_RESOURCE_FILE, CSIEM_CATEGORY_FILE, 0, "file_write", "alert",
       R"(["file","intrusion_detection"])", R"(["change","denied"])"},
      {CSIEM_TYPE_GUARD_WARN, CSIEM_RESOURCE_NETWORK, CSIEM_CATEGORY_NETWORK, 1, "egress", "alert",
       R"(["network","intrusion_detection"])", R"(["connection","info"])"},
      {CSIEM_TYPE_GUARD_WARN, CSIEM_RESOURCE_CONFIGURATION, CSIEM_CATEGORY_CONFIGURATION, 1, "rbac", "alert",
       R"(["configuration","intrusion_detection"])", R"(["info"])"},
      {CSIEM_TYPE_POLICY_ALLOW, CSIEM_RESOURCE_CONFIGURATION, CSIEM_CATEGORY_CONFIGURATION, 1, "policy_update", "event",
       R"(["configuration","intrusion_detection"])", R"(["change","allowed"])"},
      {CSIEM_TYPE_POLICY_ALLOW, CSIEM_RESOURCE_CONFIGURATION, CSIEM_CATEGORY_CONFIGURATION, 1, "rbac", "event",
       R"(["configuration","intrusion_detection"])", R"(["info","allowed"])"},
      {CSIEM_TYPE_POLICY_ALLOW, CSIEM_RESOURCE_NETWORK, CSIEM_CATEGORY_NETWORK, 0, "egress", "event",
       R"(["network","intrusion_detection"])", R"(["connection","denied"])"},
      {CSIEM_TYPE_POLICY_VIOLATION, CSIEM_RESOURCE_NETWORK, CSIEM_CATEGORY_NETWORK, 1, "egress", "alert",
       R"(["network","intrusion_detection"])", R"(["connection","allowed"])"},
      {CSIEM_TYPE_SESSION_START, CSIEM_RESOURCE_CONFIGURATION, CSIEM_CATEGORY_AUTHENTICATION, 1, "session", "event",
       R"(["authentication","session"])", R"(["start"])"},
      {CSIEM_TYPE_SESSION_END, CSIEM_RESOURCE_CONFIGURATION, CSIEM_CATEGORY_SESSION, 1, "session", "event",
       R"(["session"])", R"(["end"])"},
      {CSIEM_TYPE_UNKNOWN, CSIEM_RESOURCE_UNKNOWN, CSIEM_CATEGORY_UNKNOWN, 0, "", "alert", R"(["intrusion_detection"])",
       R"(["denied"])"},
      {CSIEM_TYPE_UNKNOWN, CSIEM_RESOURCE_UNKNOWN, CSIEM_CATEGORY_FILE, 1, "", "event",
       R"(["file","intrusion_detection"])", R"(["access","allowed"])"},
  };
  TestEvent event = egress();
  for (const Row& row : rows) {
    csiem_event& e = event.view();
    e.type = row.type;
    e.resource_type = row.resource;
    e.category = row.category;
    e.decision_allowed = row.allowed;
    e.action = csiem::str(row.action);
    const auto doc = parsed(e);
    INFO(row.type << " " << row.resource << " " << row.action);
    CHECK(at(doc, "/event/kind") == "\"" + std::string(row.kind) + "\"");
    CHECK(at(doc, "/event/category") == row.categories);
    CHECK(at(doc, "/event/type") == row.types);
  }
}

TEST_CASE("every combination of the enumerations, known or not, keeps the category table of ECS") {
  const std::map<std::string, std::set<std::string>> kLegal = {
      {"api",
       {"access", "admin", "allowed", "change", "creation", "deletion", "denied", "end", "info", "start", "user"}},
      {"authentication", {"start", "end", "info"}},
      {"session", {"start", "end", "info"}},
      {"configuration", {"access", "change", "creation", "deletion", "info"}},
      {"file", {"access", "change", "creation", "deletion", "info"}},
      {"intrusion_detection", {"allowed", "denied", "info"}},
      {"network", {"access", "allowed", "connection", "denied", "end", "info", "protocol", "start"}},
      {"process", {"access", "change", "end", "info", "start"}}};
  TestEvent event = egress();
  TestFormat format;
  csiem_event& e = event.view();
  int documents = 0;
  for (e.type = -1; e.type <= CSIEM_TYPE_SESSION_END + 1; ++e.type)
    for (e.resource_type = -1; e.resource_type <= CSIEM_RESOURCE_CONFIGURATION + 1; ++e.resource_type)
      for (e.category = 0; e.category <= CSIEM_CATEGORY_SESSION + 1; ++e.category)
        for (e.decision_allowed = 0; e.decision_allowed <= 1; ++e.decision_allowed)
          for (const char* action : {"egress", "read", "create", "delete", "write"}) {
            e.action = csiem::str(action);
            e.outcome = documents % 4;
            e.indicator_type = documents % 5;
            e.severity = documents % 7 - 1;
            const auto doc = parsed(e, format);
            ++documents;
            const auto& categories = doc.at("event").at("category").as_array();
            const auto& types = doc.at("event").at("type").as_array();
            REQUIRE_FALSE(categories.empty());
            REQUIRE_FALSE(types.empty());
            std::set<std::string> given, all;
            for (const auto& type : types) given.insert(type.as_string().c_str());
            REQUIRE(given.size() == types.size());
            for (const auto& category : categories) {
              const auto& legal = kLegal.at(category.as_string().c_str());
              all.insert(legal.begin(), legal.end());
              REQUIRE(std::any_of(given.begin(), given.end(), [&](const auto& t) { return legal.count(t) == 1; }));
            }
            for (const auto& type : given) REQUIRE(all.count(type) == 1);
            const auto severity = doc.at("event").at("severity").as_int64();
            REQUIRE((severity >= 1 && severity <= 5));
            REQUIRE(std::set<std::string>{"success", "failure", "unknown"}.count(
                        doc.at("event").at("outcome").as_string().c_str()) == 1);
          }
  CHECK(documents == 13 * 8 * 10 * 2 * 5);
}

TEST_CASE("an event with nothing in it is still a document") {
  csiem_event bare{};
  bare.struct_size = sizeof bare;
  bare.resource_port = -1;
  TestFormat format;
  CHECK(
      format.encode(bare) ==
      R"({"@timestamp":"1970-01-01T00:00:00.000000000Z","ecs":{"version":"8.17.0"},)"
      R"("event":{"kind":"alert","category":["intrusion_detection"],"type":["denied"],"outcome":"unknown","severity":1,)"
      R"("module":"clawdstrike","dataset":"clawdstrike.security"},)"
      R"("observer":{"vendor":"Clawdstrike","product":"clawdstrike","type":"policy-engine"},)"
      R"("clawdstrike":{"decision":{"allowed":false}}})");
}

TEST_CASE("network: an address goes to ip, anything else to domain; ports only in range") {
  struct Row {
    const char *host, *destination, *network, *related;
  };
  const Row rows[] = {
      {"203.0.113.9", R"({"address":"203.0.113.9","ip":"203.0.113.9","port":443})",
       R"({"direction":"egress","type":"ipv4"})", R"({"ip":["203.0.113.9"]})"},
      {"2001:db8::5", R"({"address":"2001:db8::5","ip":"2001:db8::5","port":443})",
       R"({"direction":"egress","type":"ipv6"})", R"({"ip":["2001:db8::5"]})"},
      {"fe80::1%eth0", R"({"address":"fe80::1%eth0","ip":"fe80::1","port":443})",
       R"({"direction":"egress","type":"ipv6"})", R"({"ip":["fe80::1"]})"},
      {"203.0.113.900", R"({"address":"203.0.113.900","domain":"203.0.113.900","port":443})",
       R"({"direction":"egress"})", R"({"hosts":["203.0.113.900"]})"},
      {"a:b", R"({"address":"a:b","domain":"a:b","port":443})", R"({"direction":"egress"})", R"({"hosts":["a:b"]})"},
  };
  TestEvent event = egress();
  csiem_event& e = event.view();
  e.user_id = {nullptr, 0};
  for (const Row& row : rows) {
    INFO(row.host);
    e.resource_host = csiem::str(row.host);
    const auto doc = parsed(e);
    CHECK(at(doc, "/destination") == row.destination);
    CHECK(at(doc, "/network") == row.network);
    CHECK(at(doc, "/related") == row.related);
  }
  e.resource_host = {nullptr, 0};
  for (const int32_t port : {-1, 65536}) {
    e.resource_port = port;
    CHECK(at(parsed(e), "/destination") == R"({"address":"paste.evil.example","domain":"paste.evil.example"})");
  }
  e.resource_port = 0;
  CHECK(at(parsed(e), "/destination/port") == "0");
}

TEST_CASE("files: the parts of the path, with both separators") {
  struct Row {
    const char *path, *file;
  };
  const Row rows[] = {
      {"/etc/shadow", R"({"path":"/etc/shadow","name":"shadow","directory":"/etc"})"},
      {"/x", R"({"path":"/x","name":"x","directory":"/"})"},
      {"/", R"({"path":"/","directory":"/"})"},
      {"~/.bashrc", R"({"path":"~/.bashrc","name":".bashrc","directory":"~"})"},
      {"a.tar.gz", R"({"path":"a.tar.gz","name":"a.tar.gz","extension":"gz"})"},
      {"C:\\Users\\a\\n.txt",
       R"({"path":"C:\\Users\\a\\n.txt","name":"n.txt","directory":"C:\\Users\\a","extension":"txt"})"},
      {"C:\\n", R"({"path":"C:\\n","name":"n","directory":"C:\\"})"},
      {"/srv/dir/", R"({"path":"/srv/dir/","name":"dir","directory":"/srv"})"},
      {"name.", R"({"path":"name.","name":"name."})"},
  };
  TestEvent event = egress();
  csiem_event& e = event.view();
  e.resource_type = CSIEM_RESOURCE_FILE;
  for (const Row& row : rows) {
    INFO(row.path);
    e.resource_path = csiem::str(row.path);
    CHECK(at(parsed(e), "/file") == row.file);
  }
  e.resource_path = {nullptr, 0};
  e.resource_name = csiem::str("/only/name");
  CHECK(at(parsed(e), "/file/path") == R"("/only/name")");
}

TEST_CASE("processes: command line, the program's name, the executable") {
  TestEvent event = egress();
  csiem_event& e = event.view();
  e.resource_type = CSIEM_RESOURCE_PROCESS;
  e.resource_name = csiem::str("/usr/bin/curl -fsSL x | sh");
  CHECK(at(parsed(e), "/process") == R"({"command_line":"/usr/bin/curl -fsSL x | sh","name":"curl"})");
  e.resource_path = csiem::str("/usr/bin/curl");
  CHECK(at(parsed(e), "/process/executable") == R"("/usr/bin/curl")");
  e.resource_name = csiem::str("  ");
  CHECK(at(parsed(e), "/process/name") == "-");
  e.resource_name = csiem::str("\"C:\\Program Files\\x.exe\" --y");
  CHECK(at(parsed(e), "/process/name") == R"("x.exe")");
}

TEST_CASE("tools have no ECS field: they live in the own namespace") {
  TestEvent event = egress();
  csiem_event& e = event.view();
  e.resource_type = CSIEM_RESOURCE_TOOL;
  e.resource_name = csiem::str("mcp.fs.read");
  const auto doc = parsed(e);
  CHECK(at(doc, "/clawdstrike/tool") == R"({"name":"mcp.fs.read"})");
  CHECK(at(doc, "/destination") == "-");
  CHECK(at(doc, "/network") == "-");
}

TEST_CASE("threat: ids and names, sub-techniques, ATLAS, indicators") {
  struct Row {
    const char *tactic, *technique;
    int32_t indicator_type;
    const char *indicator, *threat;
  };
  const Row rows[] = {
      {"TA0006", "T1552.004", 0, nullptr,
       R"({"framework":"MITRE ATT&CK","tactic":{"id":["TA0006"]},"technique":{"id":["T1552"],"subtechnique":{"id":["T1552.004"]}}})"},
      {"exfiltration", "Exfil Over C2", 0, nullptr,
       R"({"framework":"MITRE ATT&CK","tactic":{"name":["exfiltration"]},"technique":{"name":["Exfil Over C2"]}})"},
      {"AML.TA0005", "AML.T0051.001", 0, nullptr,
       R"({"framework":"MITRE ATLAS","tactic":{"id":["AML.TA0005"]},"technique":{"id":["AML.T0051"],"subtechnique":{"id":["AML.T0051.001"]}}})"},
      {nullptr, "T1552.04", 0, nullptr, R"({"framework":"MITRE ATT&CK","technique":{"name":["T1552.04"]}})"},
      {"TA00066", nullptr, 0, nullptr, R"({"framework":"MITRE ATT&CK","tactic":{"name":["TA00066"]}})"},
      {nullptr, nullptr, CSIEM_INDICATOR_DOMAIN, "2001:db8::1",
       R"({"indicator":{"name":"2001:db8::1","type":"ipv6-addr","ip":"2001:db8::1"}})"},
      {nullptr, nullptr, CSIEM_INDICATOR_DOMAIN, "10.0.0.1",
       R"({"indicator":{"name":"10.0.0.1","type":"ipv4-addr","ip":"10.0.0.1"}})"},
      {nullptr, nullptr, CSIEM_INDICATOR_FILE_PATH, "/etc/shadow",
       R"({"indicator":{"name":"/etc/shadow","type":"file","file":{"path":"/etc/shadow","name":"shadow"}}})"},
      {nullptr, nullptr, CSIEM_INDICATOR_PATTERN, "AKIA*", R"({"indicator":{"name":"AKIA*","description":"pattern"}})"},
      {nullptr, nullptr, 0, nullptr, "-"},
  };
  const auto text = [](const char* s) { return s == nullptr ? csiem_str{nullptr, 0} : csiem::str(s); };
  TestEvent event = egress();
  csiem_event& e = event.view();
  for (const Row& row : rows) {
    e.tactic = text(row.tactic);
    e.technique = text(row.technique);
    e.indicator_type = row.indicator_type;
    e.indicator_value = text(row.indicator);
    CHECK(at(parsed(e), "/threat") == row.threat);
  }
}

TEST_CASE("label keys become indexable, none is lost, none occurs twice") {
  TestEvent event = egress();
  csiem_event& e = event.view();
  const csiem_kv labels[] = {
      {csiem::str("k8s.io/name"), csiem::str("a")},  {csiem::str("k8s_io/name"), csiem::str("b")},
      {csiem::str("k8s*io/name"), csiem::str("c")},  {csiem::str("cost center"), csiem::str("42")},
      {csiem::str("q\"\\"), csiem::str("d")},        {csiem::str(""), csiem::str("e")},
      {csiem::str("\xe6\xa0\x87"), csiem::str("\n")}};
  e.labels = labels;
  e.label_count = std::size(labels);
  CHECK(at(parsed(e), "/labels") ==
        "{\"k8s_io/name\":\"a\",\"k8s_io/name_2\":\"b\",\"k8s_io/"
        "name_3\":\"c\",\"cost_center\":\"42\",\"q__\":\"d\",\"_\":\"e\","
        "\"\xe6\xa0\x87\":\"\\n\"}");
  const std::string value = std::string(32765, 'x') + "\xc3\xa9";  // one byte too many, in the middle of a character
  const csiem_kv long_label[] = {{csiem::str("long"), csiem::str(value)}};
  e.labels = long_label;
  e.label_count = 1;
  CHECK(at(parsed(e), "/labels/long").size() == 32765 + 2);
  std::vector<csiem_kv> many(100, csiem_kv{csiem::str("same"), csiem::str("v")});
  e.labels = many.data();
  e.label_count = many.size();
  CHECK(parsed(e).at("labels").as_object().size() == 100);
  e.label_count = 0;
  CHECK(at(parsed(e), "/labels") == "-");
}

TEST_CASE("event.reason is cut at 1024 characters, message is whole") {
  std::string reason;
  for (int i = 0; i < 1500; ++i) reason += "\xc3\xa9";
  TestEvent event = egress();
  event.view().reason = csiem::str(reason);
  const auto doc = parsed(event.view());
  CHECK(doc.at("event").at("reason").as_string().size() == 2048);
  CHECK(doc.at("message").as_string().size() == 3000);
}

TEST_CASE("the host: metadata knows better than the settings") {
  TestEvent event = egress();
  csiem_event& e = event.view();
  TestFormat configured(TestFormat::Settings{{"csiem.host_name", "collector.example"}});
  CHECK(at(parsed(e), "/host") == "-");
  auto doc = parsed(e, configured);
  CHECK(at(doc, "/host") == R"({"name":"collector.example","hostname":"collector.example"})");
  CHECK(at(doc, "/related/hosts") == R"(["paste.evil.example","collector.example"])");
  e.metadata_json = csiem::str(R"({"pid":1,"hostname":"builder-01.example.com"})");
  doc = parsed(e, configured);
  CHECK(at(doc, "/host/name") == R"("builder-01.example.com")");
  e.metadata_json = csiem::str(R"({"inner":{"hostname":"no"},"hostname":7})");
  CHECK(at(parsed(e, configured), "/host/name") == R"("collector.example")");
}

TEST_CASE("the raw event is attached on request only, and the time of receipt when there is one") {
  TestEvent event = egress();
  CHECK(at(parsed(event.view()), "/event/original") == "-");
  TestFormat raw(TestFormat::Settings{{"include_raw", "true"}});
  event.view().ingested_unix_ns = 1'770'459'302'000'000'000;
  const auto doc = parsed(event.view(), raw);
  CHECK(doc.at("event").at("original").as_string() == kEgress);
  CHECK(at(doc, "/event/ingested") == R"("2026-02-07T10:15:02.000000000Z")");
}

TEST_CASE("the namespace can be chosen, but not taken from ECS") {
  TestEvent event = egress();
  TestFormat own(TestFormat::Settings{{"namespace", "acme_1"}});
  const auto doc = parsed(event.view(), own);
  CHECK(at(doc, "/acme_1/guard") == R"("egress_allowlist")");
  CHECK(at(doc, "/clawdstrike") == "-");
  CHECK_FALSE(TestFormat(TestFormat::Settings{{"version", "9.0.0"}}).created);
  for (const auto& [name, why] : {std::pair{"event", "namespace: \"event\" is the name of an ECS field set"},
                                  {"a.b", "namespace: \"a.b\" may hold letters, digits and underscores only"},
                                  {"", "namespace: \"\" must not be empty"}}) {
    const TestFormat refused(TestFormat::Settings{{"namespace", name}});
    CHECK_FALSE(refused.created);
    CHECK(refused.error == why);
  }
}

TEST_CASE("hostile text stays text") {
  const std::string hostile("\" \\ \n \r \t \0 \x1b \x7f {\"a\":1} \xe2\x80\xae", 28);
  TestEvent event = egress();
  csiem_event& e = event.view();
  for (auto member :
       {&csiem_event::guard, &csiem_event::reason, &csiem_event::resource_name, &csiem_event::resource_host,
        &csiem_event::action, &csiem_event::agent_name, &csiem_event::tactic, &csiem_event::indicator_value})
    e.*member = csiem::str(hostile);
  for (const int32_t resource :
       {CSIEM_RESOURCE_FILE, CSIEM_RESOURCE_NETWORK, CSIEM_RESOURCE_PROCESS, CSIEM_RESOURCE_TOOL}) {
    e.resource_type = resource;
    CHECK(parsed(e).at("message").as_string() == hostile);
  }
}
