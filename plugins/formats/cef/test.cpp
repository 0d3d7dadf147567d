// Format `cef`: the mapping of schemas.md 6. That any event obeys the rules is tests/schema.
// SPDX-License-Identifier: Apache-2.0
#include <doctest/doctest.h>

#include <string>
#include <string_view>

#include "common/test_event.hpp"
#include "common/test_format.hpp"

using csiem::testing::TestEvent;
using csiem::testing::TestFormat;

namespace {

constexpr char kEgress[] =
    R"({"schema_version":"1.0.0","event_id":"0194d3c2-7b01-7a10-8c4d-5e6f70819201","event_type":"egress_blocked",)"
    R"("event_category":"network","timestamp":"2026-02-07T10:15:01.123456790Z","agent":{"id":"agent-7f3a","name":"build-agent",)"
    R"("version":"0.1.0","type":"clawdstrike"},"session":{"id":"sess-20260207-01","user_id":"alice","tenant_id":"acme-corp",)"
    R"("environment":"production"},"outcome":"failure","action":"egress","threat":{"tactic":"TA0010","technique":"T1048"},)"
    R"("decision":{"allowed":false,"guard":"egress_allowlist","severity":"high",)"
    R"("reason":"Egress to paste.evil.example:443 is not on the allowlist","ruleset":"strict"},)"
    R"("resource":{"type":"network","name":"paste.evil.example","host":"paste.evil.example","port":443},)"
    R"("metadata":{},"labels":{}})";

constexpr char kEgressCef[] =
    "CEF:0|Clawdstrike|clawdstrike|0.1.0|egress_blocked|Network egress blocked|8|start=1770459301123 rt=1770459301123 "
    "externalId=0194d3c2-7b01-7a10-8c4d-5e6f70819201 cat=/network/egress act=blocked outcome=failure "
    "deviceExternalId=agent-7f3a deviceProcessName=build-agent deviceFacility=production suid=alice "
    "dhost=paste.evil.example dpt=443 deviceDirection=1 cs1=egress_allowlist cs1Label=Guard cs2=sess-20260207-01 "
    "cs2Label=Session ID cs3=strict cs3Label=Ruleset cs5=acme-corp cs5Label=Tenant ID cs6=TA0010/T1048 "
    "cs6Label=MITRE ATT&CK reason=Egress to paste.evil.example:443 is not on the allowlist "
    "msg=Egress to paste.evil.example:443 is not on the allowlist";

TestEvent egress() { return TestEvent(kEgress); }

std::string line(const csiem_event& event) { return TestFormat().encode(event); }

// The value of a key as written, "-" when the key is absent.
std::string value_of(const std::string& text, const std::string& key) {
  const std::size_t begin = text.find((" " + key + "=").c_str());
  const std::size_t first = text.find("|" + key + "=");
  if (begin == std::string::npos && first == std::string::npos) return "-";
  const std::size_t at = (begin == std::string::npos ? first : begin) + key.size() + 2;
  std::size_t end = text.find('=', at);  // of the next pair, unless escaped
  while (end != std::string::npos && text[end - 1] == '\\') end = text.find('=', end + 1);
  return text.substr(at, end == std::string::npos ? end : text.rfind(' ', end) - at);
}

std::string header(const std::string& text) {
  std::size_t pipes = 0, at = 0;
  for (; at < text.size() && pipes < 7; ++at)
    if (text[at] == '|' && text[at - 1] != '\\') ++pipes;
  return text.substr(0, at);
}

}  // namespace

TEST_CASE("the blocked egress of schemas.md 6.4 comes out byte for byte") {
  TestEvent event = egress();
  CHECK(line(event.view()) == kEgressCef);
}

TEST_CASE("header: class, name and severity by table, version 1 for IPv6") {
  struct Row {
    int32_t type, severity;
    const char *type_name, *host, *header;
  };
  const Row rows[] = {
      {CSIEM_TYPE_POLICY_VIOLATION, 0, "", "a",
       "CEF:0|Clawdstrike|clawdstrike|0.1.0|policy_violation|Policy violation|1|"},
      {CSIEM_TYPE_POLICY_ALLOW, 1, "", "a",
       "CEF:0|Clawdstrike|clawdstrike|0.1.0|policy_allow|Action allowed by policy|3|"},
      {CSIEM_TYPE_GUARD_WARN, 2, "", "10.0.0.1", "CEF:0|Clawdstrike|clawdstrike|0.1.0|guard_warn|Guard warning|5|"},
      {CSIEM_TYPE_SESSION_END, 4, "", "::1", "CEF:1|Clawdstrike|clawdstrike|0.1.0|session_end|Agent session ended|10|"},
      {CSIEM_TYPE_UNKNOWN, 9, "New Kind=%#|\\", "a",
       "CEF:0|Clawdstrike|clawdstrike|0.1.0|new_kind_____|Security event|Unknown|"},
      {99, 3, "", "a", "CEF:0|Clawdstrike|clawdstrike|0.1.0|unknown|Security event|8|"},
  };
  TestEvent event = egress();
  csiem_event& e = event.view();
  for (const Row& row : rows) {
    e.type = row.type;
    e.severity = row.severity;
    e.type_name = csiem::str(row.type_name);
    e.resource_host = csiem::str(row.host);
    CHECK(header(line(e)) == row.header);
  }
}

TEST_CASE("header: the agent's version is cut, trimmed and escaped") {
  TestEvent event = egress();
  for (const auto& [version, written] : {std::pair<const char*, const char*>{"a|b\\c=d", "a\\|b\\\\c=d"},
                                         {" \t\n", "unknown"},
                                         {"", "unknown"},
                                         {"\xc2\xa0 1.0\n2 \xe3\x80\x80", "1.0 2"},
                                         {"0123456789012345678901234567890123", "0123456789012345678901234567890"},
                                         {"012345678901234567890123456789 xyz", "012345678901234567890123456789"}}) {
    event.view().agent_version = csiem::str(version);
    CHECK(header(line(event.view())) ==
          "CEF:0|Clawdstrike|clawdstrike|" + std::string(written) + "|egress_blocked|Network egress blocked|8|");
  }
}

TEST_CASE("extension values: escapes, controls, blanks at the ends") {
  TestEvent event = egress();
  for (const auto& [reason, written] :
       {std::pair<std::string_view, const char*>{"a=b", "a\\=b"},
        {"a\\b", "a\\\\b"},
        {"a|b", "a|b"},
        {"a\nb\r\n", "a\\nb\\r\\n"},
        {std::string_view("a\0b\tc\x1b\x7f"
                          "d",
                          8),
         "a b c  d"},
        {"  a \t", "a"},
        {" word=1", "word\\=1"},
        {" \t ", "-"},
        {"", "-"},
        {"seventeen letters=and more\\ behind them", "seventeen letters\\=and more\\\\ behind them"}}) {
    event.view().reason = csiem::str(reason);
    CHECK(value_of(line(event.view()), "msg") == written);
    CHECK(value_of(line(event.view()), "reason") == written);
  }
}

TEST_CASE("every special byte at every place is escaped and nothing else changes") {
  TestEvent event = egress();
  TestFormat format;
  for (std::size_t length = 1; length <= 40; ++length)
    for (std::size_t place = 0; place < length; ++place)
      for (const auto& [byte, escaped] : {std::pair<char, const char*>{'=', "\\="}, {'\\', "\\\\"}, {'\n', "\\n"}}) {
        std::string text(length, 'x'), expected = text;
        text[place] = byte;
        expected.replace(place, 1, escaped);
        event.view().reason = csiem::str(text);
        REQUIRE(format.encode(event.view()).find(" msg=" + expected) != std::string::npos);
      }
}

TEST_CASE("values are cut by characters, before they are escaped") {
  std::string reason;
  for (int i = 0; i < 1100; ++i) reason += i % 2 == 0 ? "\xc3\xa9" : "=";
  TestEvent event = egress();
  event.view().reason = csiem::str(reason);
  const std::string written = value_of(line(event.view()), "msg");
  CHECK(written.size() == 512 * 2 + 511 * 2);
  CHECK(written.substr(written.size() - 2) == "\xc3\xa9");
  const std::string long_id(100, 'i');
  event.view().event_id = csiem::str(long_id);
  CHECK(value_of(line(event.view()), "externalId") == std::string(40, 'i'));
}

TEST_CASE("resources") {
  struct Row {
    int32_t resource;
    const char *name, *path, *host, *key, *value;
  };
  const Row rows[] = {
      {CSIEM_RESOURCE_FILE, "n", "C:\\a\\b = c.txt", "", "filePath", "C:\\\\a\\\\b \\= c.txt"},
      {CSIEM_RESOURCE_FILE, "n", "C:\\a\\b = c.txt", "", "fname", "b \\= c.txt"},
      {CSIEM_RESOURCE_FILE, "/only/name", "", "", "filePath", "/only/name"},
      {CSIEM_RESOURCE_FILE, "/", "", "", "fname", "-"},
      {CSIEM_RESOURCE_NETWORK, "n", "", "fe80::1%eth0", "dst", "fe80::1"},
      {CSIEM_RESOURCE_NETWORK, "n", "", "fe80::1%eth0", "dhost", "-"},
      {CSIEM_RESOURCE_NETWORK, "n.example", "", "", "dhost", "n.example"},
      {CSIEM_RESOURCE_PROCESS, "curl -s x", "/usr/bin/curl", "", "dproc", "curl -s x"},
      {CSIEM_RESOURCE_TOOL, "read_file", "", "", "destinationServiceName", "read_file"},
      {CSIEM_RESOURCE_CONFIGURATION, "strict", "", "", "destinationServiceName", "strict"},
  };
  TestEvent event = egress();
  csiem_event& e = event.view();
  for (const Row& row : rows) {
    e.resource_type = row.resource;
    e.resource_name = csiem::str(row.name);
    e.resource_path = csiem::str(row.path);
    e.resource_host = csiem::str(row.host);
    INFO(row.key << " of " << row.name);
    CHECK(value_of(line(e), row.key) == row.value);
  }
  e.resource_type = CSIEM_RESOURCE_NETWORK;
  for (const auto& [port, written] : {std::pair{-1, "-"}, {0, "0"}, {65535, "65535"}, {65536, "-"}}) {
    e.resource_port = port;
    CHECK(value_of(line(e), "dpt") == written);
  }
}

TEST_CASE("what was done, by whom, where") {
  TestEvent event = egress();
  csiem_event& e = event.view();
  e.type = CSIEM_TYPE_GUARD_WARN;
  e.decision_allowed = 1;
  CHECK(value_of(line(e), "act") == "alerted");
  e.type = CSIEM_TYPE_POLICY_ALLOW;
  CHECK(value_of(line(e), "act") == "allowed");
  e.outcome = 9;
  CHECK(value_of(line(e), "outcome") == "unknown");
  e.tactic = {nullptr, 0};
  CHECK(value_of(line(e), "cs6") == "T1048");
  e.category_name = {nullptr, 0};
  CHECK(value_of(line(e), "cat") == "/egress");
  e.metadata_json = csiem::str(R"({"hostname":"builder","url":"https://a.example/?q=1","method":"GET"})");
  TestFormat configured(TestFormat::Settings{{"csiem.host_name", "collector"}});
  CHECK(value_of(configured.encode(e), "dvchost") == "builder");
  CHECK(value_of(line(e), "request") == "https://a.example/?q\\=1");
  CHECK(value_of(line(e), "requestMethod") == "GET");
  e.metadata_json = csiem::str("{}");
  CHECK(value_of(configured.encode(e), "dvchost") == "collector");
  CHECK(value_of(line(e), "dvchost") == "-");
}

TEST_CASE("times: epoch milliseconds; beyond belief, the time of receipt; else none") {
  TestEvent event = egress();
  csiem_event& e = event.view();
  e.ingested_unix_ns = 1'770'459'302'000'999'999;
  CHECK(value_of(line(e), "start") == "1770459301123");
  CHECK(value_of(line(e), "deviceCustomDate1") == "1770459302000");
  CHECK(value_of(line(e), "deviceCustomDate1Label") == "Ingested Time");
  e.time_unix_ns = 5;
  CHECK(value_of(line(e), "rt") == "1770459302000");
  e.ingested_unix_ns = 0;
  CHECK(value_of(line(e), "start") == "-");
  CHECK(value_of(line(e), "externalId") == "0194d3c2-7b01-7a10-8c4d-5e6f70819201");
}

TEST_CASE("the raw event takes cs6 when it fits, ATT&CK goes to flexString1 then") {
  TestFormat raw(TestFormat::Settings{{"include_raw", "true"}});
  TestEvent event = egress();
  const std::string fits = raw.encode(event.view());
  CHECK(value_of(fits, "cs6") == std::string(kEgress));
  CHECK(value_of(fits, "cs6Label") == "Raw Event");
  CHECK(value_of(fits, "flexString1") == "TA0010/T1048");
  CHECK(value_of(fits, "flexString1Label") == "MITRE ATT&CK");
  const std::string long_text(4001, 'x');
  event.view().canonical_json = csiem::str(long_text);
  CHECK(value_of(raw.encode(event.view()), "cs6") == "-");
  CHECK(value_of(raw.encode(event.view()), "msg") != "-");
}

TEST_CASE("labels and metadata travel in keys of our own, on request") {
  TestEvent event = egress();
  csiem_event& e = event.view();
  const csiem_kv labels[] = {{csiem::str("a.b"), csiem::str("x=\"\\\n")}, {csiem::str(""), csiem::str("\x7f")}};
  e.labels = labels;
  e.label_count = std::size(labels);
  e.metadata_json = csiem::str(R"({"k":"a=b\\"})");
  CHECK(value_of(line(e), "ClawdstrikeSiemLabels") == "-");
  TestFormat own(TestFormat::Settings{{"custom_keys", "true"}});
  const std::string text = own.encode(e);
  CHECK(value_of(text, "ClawdstrikeSiemLabels") == R"({"a.b":"x\=\\"\\\\\\u000a","":"\\u007f"})");
  CHECK(value_of(text, "ClawdstrikeSiemMetadata") == R"({"k":"a\=b\\\\"})");
}

TEST_CASE("there is no version to choose") { CHECK_FALSE(TestFormat(TestFormat::Settings{{"version", "1"}}).created); }

TEST_CASE("an event with nothing in it is still a line") {
  csiem_event bare{};
  bare.struct_size = sizeof bare;
  bare.resource_port = -1;
  CHECK(line(bare) == "CEF:0|Clawdstrike|clawdstrike|unknown|unknown|Security event|1|act=blocked outcome=unknown");
}
