// Format `native`: the stored text as it is, or the same text built from the view.
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
    R"("version":"0.1.0","type":"clawdstrike"},"session":{"id":"sess-1","user_id":"alice","tenant_id":"acme","environment":""},)"
    R"("outcome":"failure","action":"egress","threat":{"indicator":{"type":"domain","value":"a.example"},"tactic":"TA0010",)"
    R"("technique":"T1048"},"decision":{"allowed":false,"guard":"egress","severity":"high","reason":"no","policy_hash":"0x1",)"
    R"("ruleset":"strict"},"resource":{"type":"network","name":"a.example","path":"p","host":"a.example","port":443},)"
    R"("metadata":{"n":[1,{}]},"labels":{"a\"b":"c\n","d":""}})";

constexpr char kBare[] =
    R"({"schema_version":"1.0.0","event_id":"0194d3c2-7b01-7a10-8c4d-5e6f70819201","event_type":"policy_allow",)"
    R"("event_category":"file","timestamp":"2026-02-07T10:15:01.123456790Z","agent":{"id":"a","name":"a","version":"1",)"
    R"("type":"clawdstrike"},"session":{"id":"s"},"outcome":"success","action":"file_access","threat":{},)"
    R"("decision":{"allowed":true,"guard":"g","severity":"info","reason":"r"},"resource":{"type":"file","name":"/x"},)"
    R"("metadata":{},"labels":{}})";

}  // namespace

TEST_CASE("the stored text goes out as it is") {
  TestEvent event(kBare);
  event.view().canonical_json = csiem::str("{\"any\":\"text\"}");
  CHECK(TestFormat().encode(event.view()) == "{\"any\":\"text\"}");
}

TEST_CASE("without a stored text it is built from the view, byte for byte the canonical form") {
  for (const char* text : {kFull, kBare}) {
    TestEvent event(text);
    event.view().canonical_json = {nullptr, 0};
    CHECK(TestFormat().encode(event.view()) == text);
  }
}

TEST_CASE("times are built from the numbers when there is no text") {
  TestEvent event(kBare);
  event.view().canonical_json = {nullptr, 0};
  event.view().time_text = {nullptr, 0};
  for (const auto& [ns, text] : {std::pair<int64_t, const char*>{0, "1970-01-01T00:00:00.000000000Z"},
                                 {1'709'210'096'000'000'007, "2024-02-29T12:34:56.000000007Z"},
                                 {-1, "1969-12-31T23:59:59.999999999Z"},
                                 {4'102'444'800'000'000'000, "2100-01-01T00:00:00.000000000Z"}}) {
    event.view().time_unix_ns = ns;
    CHECK(TestFormat().encode(event.view()).find("\"timestamp\":\"" + std::string(text) + "\"") != std::string::npos);
  }
  event.view().ingested_unix_ns = 1;
  CHECK(TestFormat().encode(event.view()).find("\"ingested_at\":\"1970-01-01T00:00:00.000000001Z\"") !=
        std::string::npos);
}

TEST_CASE("text of every length, with every special byte at every place, is escaped and nothing else changes") {
  TestEvent event(kBare);
  event.view().canonical_json = {nullptr, 0};
  TestFormat format;
  for (std::size_t length = 0; length <= 40; ++length)
    for (std::size_t place = 0; place <= length; ++place)
      for (const auto& [byte, escaped] : {std::pair<char, const char*>{'"', "\\\""},
                                          {'\\', "\\\\"},
                                          {'\n', "\\n"},
                                          {'\0', "\\u0000"},
                                          {'\x1f', "\\u001f"},
                                          {' ', " "},
                                          {'\x7f', "\x7f"}}) {
        std::string text(length, 'x'), expected = text;
        if (place < length) {
          text[place] = byte;
          expected.replace(place, 1, escaped);
        }
        event.view().reason = csiem::str(text);
        REQUIRE(format.encode(event.view()).find("\"reason\":\"" + expected + "\"}") != std::string::npos);
      }
}

TEST_CASE("the descriptor says what the host needs") {
  CHECK(std::string_view(TestFormat::component().name) == "native");
  CHECK(std::string_view(TestFormat::component().kind) == CSIEM_KIND_FORMAT);
  CHECK(std::string_view(TestFormat::api().content_type) == "application/json");
}
