// Records inside other documents, and several on one line.
#include <doctest/doctest.h>

#include "mapping.hpp"

using testing::map_line;

namespace {

std::string record(const std::string& target) {
  return R"({"id":"0195a1c2-0000-7000-8000-00000000000d","timestamp":"2026-03-02T08:00:00Z","event_type":"check",)"
         R"("action_type":"shell","target":")" +
         target + R"(","decision":"allowed"})";
}

std::string otlp(const std::string& text) {
  return R"({"resourceLogs":[{"scopeLogs":[{"logRecords":[{"attributes":[{"key":"other","value":{"stringValue":"x"}},)"
         R"({"key":"hush.audit.raw_json","value":{"stringValue":)" +
         boost::json::serialize(boost::json::value(text)) + "}}]}]}]}]}";
}

}  // namespace

TEST_CASE("objects on one line map in order, with or without blanks between") {
  const auto m = map_line(record("a") + record("b") + " \t" + record("c") + "\r");
  REQUIRE(m.events.size() == 3);
  CHECK(m.texts[0].find(R"("name":"a")") != std::string::npos);
  CHECK(m.texts[2].find(R"("name":"c")") != std::string::npos);
}

TEST_CASE("a broken rest takes the whole line back") {
  const auto m = map_line(record("a") + "{\"torn");
  CHECK(m.result.accepted == 0);
  CHECK(m.result.rejected == 1);
  CHECK(m.events.empty());
}

TEST_CASE("envelopes are unwrapped") {
  for (const std::string& line :
       {"[" + record("a") + "]", R"({"events":[)" + record("a") + R"(],"total":1})",
        R"({"event":)" + record("a") + R"(,"time":1.5,"sourcetype":"x"})", R"({"event":)" + record("a") + "}",
        R"({"exporter":"e","failed_at":"x","event":)" + record("a") + "}", otlp(record("a"))}) {
    CAPTURE(line);
    const auto m = map_line(line);
    CHECK(m.result.accepted == 1);
    CHECK(m.result.rejected == 0);
    CHECK(m.text_at("resource/name") == "a");
  }
}

TEST_CASE("elements are counted one by one") {
  const auto m = map_line("[" + record("a") + ",1,{\"x\":1}," + record("b") + "]");
  CHECK(m.result.accepted == 2);
  CHECK(m.result.rejected == 2);
  CHECK(m.result.reason == csiem::ingest::Reject::not_object);
}

TEST_CASE("OTLP records without an audit record are refused, nested requests too") {
  CHECK(map_line(R"({"resourceLogs":[{"scopeLogs":[{"logRecords":[{"body":{}},{}]}]}]})").result.rejected == 2);
  CHECK(map_line(otlp(otlp(record("a")))).result.reason == csiem::ingest::Reject::unknown_shape);
  CHECK(map_line(otlp("{broken")).result.reason == csiem::ingest::Reject::bad_json);
}

TEST_CASE("elements beyond the limit are refused") {
  csiem::ingest::Options options;
  options.max_array_elements = 2;
  const auto m = map_line("[" + record("a") + "," + record("b") + "," + record("c") + "]", options);
  CHECK(m.result.accepted == 2);
  CHECK(m.result.rejected == 1);
  CHECK(m.result.reason == csiem::ingest::Reject::too_long);
}

TEST_CASE("a start of a call that was warned about or blocked is no event of its own") {
  const auto m = map_line(R"({"id":"x","type":"tool_call_start","timestamp":"2026-03-02T08:00:00Z","contextId":"c",)"
                          R"("decision":{"status":"deny"}})");
  CHECK(m.result.suppressed == 1);
  CHECK(m.events.empty());
}
