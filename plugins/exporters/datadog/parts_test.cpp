// Sites, tags, messages and answers, each by itself.
// SPDX-License-Identifier: Apache-2.0
#include <doctest/doctest.h>

#include <stdexcept>

#include "common/buffer.hpp"
#include "common/json_members.hpp"
#include "common/shorten.hpp"
#include "datadog/log.hpp"
#include "datadog/response.hpp"
#include "datadog/site.hpp"
#include "datadog/tags.hpp"

using namespace csiem;
using namespace csiem::datadog;

namespace {

std::string tag(std::string_view key, std::string_view value) {
  common::Buffer buffer;
  buffer.write([&](Out& out) { write_tag(key, value, false, out); });
  return std::string(buffer.view());
}

csiem_event event() {
  csiem_event e{};
  e.struct_size = sizeof e;
  e.type = CSIEM_TYPE_EGRESS_BLOCKED;
  e.severity = CSIEM_SEV_HIGH;
  e.type_name = str("egress_blocked");
  e.guard = str("egress");
  e.severity_name = str("high");
  e.outcome_name = str("failure");
  e.reason = str("domain not on allowlist");
  return e;
}

std::string message(const csiem_event& e) {
  common::Buffer buffer;
  buffer.write([&](Out& out) { write_message(e, out); });
  return std::string(buffer.view());
}

csiem_http_response answer(int32_t status, std::string_view body) {
  csiem_http_response r{};
  r.struct_size = sizeof r;
  r.status = status;
  r.body = str(body);
  return r;
}

bool mentions(const std::string& text, std::string_view part) { return text.find(part) != std::string::npos; }

}  // namespace

TEST_CASE("datadog: a site is a host name, whatever was pasted around it") {
  CHECK(site_name("datadoghq.com") == "datadoghq.com");
  CHECK(site_name("app.datadoghq.eu") == "datadoghq.eu");
  CHECK(site_name(" https://app.Datadoghq.EU/ ") == "datadoghq.eu");
  CHECK(site_name("us3.datadoghq.com.") == "us3.datadoghq.com");
  CHECK(site_name("us2.ddog-gov.com") == "us2.ddog-gov.com");
  CHECK(intake_of(site_name("app.datadoghq.eu")) == "https://http-intake.logs.datadoghq.eu");
  CHECK(api_of("ap1.datadoghq.com") == "https://api.ap1.datadoghq.com");
  for (const char* bad :
       {"", "eu", "evil.com/x", "a b.com", "evil.com:444", "key@evil.com", "a..b", "app.", "\xc3\xa9.eu"})
    CHECK_THROWS_AS(site_name(bad), std::invalid_argument);
}

TEST_CASE("datadog: tags keep to the characters and lengths that Datadog keeps") {
  CHECK(tag("Team Name", " Red, Blue") == "team_name:red__blue");
  CHECK(tag("env", "production") == "env:production");
  CHECK(tag("url", "http://a/b?c") == "url:http://a/b_c");
  CHECK(tag("a:b", "c") == "a_b:c");
  CHECK(tag("1st_team", "x") == "st_team:x");
  CHECK(tag("stra\xc3\x9f"
            "e",
            "\xe6\x9d\xb1\xe4\xba\xac") == "stra_e:__");
  CHECK(tag("k", "a\"b\\c\nd") == "k:a_b_c_d");
  CHECK(tag("123", "x").empty());
  CHECK(tag("k", "").empty());
  CHECK(tag("k", "  ").empty());
  CHECK(tag("k", std::string(1000, 'v')).size() == kMaxTagBytes);
  CHECK(tag(std::string(1000, 'k'), "v").empty());
  CHECK(clean_tag("Team:Security Ops") == "team:security_ops");
  CHECK(clean_tag("canary") == "canary");
  CHECK(clean_tag("team:").empty());
  CHECK(clean_tag(":x").empty());
}

TEST_CASE("datadog: a log has at most a hundred tags, and labels cannot contradict the event's own") {
  csiem_event e = event();
  e.environment = str("prod");
  std::vector<std::string> names;
  for (int i = 0; i < 150; ++i) names.push_back("l" + std::to_string(i));
  std::vector<csiem_kv> labels{{str("Severity"), str("info")}, {str("env"), str("test")}, {str("team"), str("sec")}};
  for (const std::string& name : names) labels.push_back({str(name), str("v")});
  e.labels = labels.data();
  e.label_count = labels.size();
  common::Buffer buffer;
  buffer.write([&](Out& out) { Tags({"a:b"}, true).write(e, true, out); });
  const std::string text(buffer.view());
  CHECK(text.rfind("a:b,event_type:egress_blocked,guard:egress,severity:high,outcome:failure,allowed:false,env:prod,"
                   "replayed:true,team:sec,l0:v,",
                   0) == 0);
  CHECK(std::count(text.begin(), text.end(), ',') == 99);
  buffer.clear();
  buffer.write([&](Out& out) { Tags({}, false).write(e, false, out); });
  CHECK(std::string(buffer.view()) ==
        "event_type:egress_blocked,guard:egress,severity:high,outcome:failure,allowed:false,env:prod");
}

TEST_CASE("datadog: a line that people can read") {
  csiem_event e = event();
  CHECK(message(e) == "[egress] BLOCKED: domain not on allowlist");
  e.decision_allowed = 1;
  CHECK(message(e) == "[egress] ALLOWED: domain not on allowlist");
  e.type = CSIEM_TYPE_GUARD_WARN;
  CHECK(message(e) == "[egress] WARNED: domain not on allowlist");
  e.guard = str("none");
  e.reason = str("");
  e.action = str("session \"start\"");
  CHECK(message(e) == "[egress_blocked] WARNED: session \\\"start\\\"");
  e.resource_name = str("agent.py");
  CHECK(message(e) == "[egress_blocked] WARNED: session \\\"start\\\" agent.py");
  const std::string longest(100'000, 'r');
  e.reason = str(longest);
  CHECK(message(e).size() < 2100);
}

TEST_CASE("datadog: status follows the severity and not the outcome") {
  csiem_event e = event();
  const std::string_view expected[] = {"info", "notice", "warning", "error", "critical"};
  for (int32_t i = CSIEM_SEV_INFO; i <= CSIEM_SEV_CRITICAL; ++i) {
    e.severity = i;
    CHECK(status_of(e) == expected[i]);
  }
  e.severity = 99;
  CHECK(status_of(e) == "info");
}

TEST_CASE("datadog: trace ids become the decimal numbers that Datadog joins by") {
  const TraceIds w3c =
      trace_ids_of(R"({"n":{"traceId":"x"},"traceId":"4bf92f3577b34da6a3ce929d0e0e4736","spanId":"00f067aa0ba902b7"})");
  CHECK(w3c.trace_id == "11803532876627986230");
  CHECK(w3c.span_id == "67667974448284343");
  const TraceIds own = trace_ids_of(R"({"trace_id":"8675309","span_id":"17"})");
  CHECK(own.trace_id == "8675309");
  CHECK(own.span_id == "17");
  for (const char* none : {"", "{}", "[]", R"({"traceId":5})", R"({"traceId":"zz"})", R"({"traceId":"0"})",
                           R"({"traceId":"99999999999999999999999"})", R"({"traceId":"a\"b"})"})
    CHECK(trace_ids_of(none).trace_id.empty());
}

TEST_CASE("datadog: the intake's window is eighteen hours back and two ahead") {
  constexpr int64_t kHour = 3'600'000'000'000, kNow = 1'767'225'600'000'000'000;
  CHECK_FALSE(out_of_window(kNow, kNow));
  CHECK_FALSE(out_of_window(kNow - 17 * kHour, kNow));
  CHECK(out_of_window(kNow - 18 * kHour, kNow));
  CHECK(out_of_window(kNow - 20 * kHour, kNow));
  CHECK_FALSE(out_of_window(kNow + kHour, kNow));
  CHECK(out_of_window(kNow + 3 * kHour, kNow));
}

TEST_CASE("datadog: every status has its outcome") {
  struct Case {
    int32_t status, outcome;
  };
  const std::string_view body = R"({"errors":[{"status":"4xx","title":"Bad","detail":"the words"}]})";
  for (const Case& c :
       {Case{200, CSIEM_DELIVERED}, Case{202, CSIEM_DELIVERED}, Case{204, CSIEM_DELIVERED}, Case{301, CSIEM_CONFIG},
        Case{307, CSIEM_CONFIG},    Case{400, CSIEM_REJECT},    Case{401, CSIEM_AUTH},      Case{403, CSIEM_AUTH},
        Case{404, CSIEM_CONFIG},    Case{405, CSIEM_CONFIG},    Case{407, CSIEM_CONFIG},    Case{408, CSIEM_RETRY},
        Case{413, CSIEM_SPLIT},     Case{414, CSIEM_CONFIG},    Case{415, CSIEM_CONFIG},    Case{422, CSIEM_REJECT},
        Case{425, CSIEM_RETRY},     Case{429, CSIEM_RETRY},     Case{431, CSIEM_CONFIG},    Case{500, CSIEM_RETRY},
        Case{502, CSIEM_RETRY},     Case{503, CSIEM_RETRY},     Case{504, CSIEM_RETRY},     Case{529, CSIEM_RETRY}}) {
    CAPTURE(c.status);
    const bool success = c.status < 300;
    const Reading reading = read_answer(answer(c.status, success ? "" : body), {8, 0, true});
    CHECK(reading.verdict.outcome == c.outcome);
    CHECK(reading.verdict.except.empty());
    CHECK(reading.want_plain == (c.status == 415));
    if (success) continue;
    CHECK(reading.verdict.code == "http." + std::to_string(c.status));
    CHECK(mentions(reading.verdict.message, "Bad: the words"));
  }
  CHECK_FALSE(read_answer(answer(415, "{}"), {8, 0, false}).want_plain);
}

TEST_CASE("datadog: answers that are not Datadog's hold the events") {
  for (const int32_t status : {200, 202, 400, 404}) {
    const Verdict verdict = read_answer(answer(status, "<html><body>Log in</body></html>"), {8, 0, true}).verdict;
    CHECK(verdict.outcome == CSIEM_CONFIG);
    CHECK(mentions(verdict.message, "HTML page"));
  }
  CHECK(read_answer(answer(200, "<html>"), {8, 0, true}).verdict.code == "datadog.not_datadog");
  CHECK(
      read_answer(answer(400, R"({"errors":[{"status":"400","title":"Bad Request","detail":"HTTP path is invalid"}]})"),
                  {8, 0, true})
          .verdict.outcome == CSIEM_CONFIG);
}

TEST_CASE("datadog: a success that names errors is asked again before it counts as refusal") {
  const auto body = R"({"errors":["something is off"]})";
  CHECK(read_answer(answer(202, body), {8, 0, true}).verdict.outcome == CSIEM_RETRY);
  CHECK(read_answer(answer(202, body), {8, 1, true}).verdict.outcome == CSIEM_RETRY);
  const Verdict last = read_answer(answer(202, body), {8, 2, true}).verdict;
  CHECK(last.outcome == CSIEM_REJECT);
  CHECK(last.code == "datadog.errors");
  CHECK(last.message == "something is off");
  CHECK(read_answer(answer(202, R"({"errors":[]})"), {8, 0, true}).verdict.outcome == CSIEM_DELIVERED);
  CHECK(read_answer(answer(202, R"({"status":"ok"})"), {8, 0, true}).verdict.outcome == CSIEM_DELIVERED);
}

TEST_CASE("datadog: how long to wait, with and without Retry-After") {
  csiem_http_response r = answer(429, "");
  csiem_kv header{str("x-ratelimit-reset"), str("30")};
  r.headers = &header;
  r.header_count = 1;
  CHECK(read_answer(r, {8, 0, true}).verdict.retry_after_ms == 30'000);
  r.retry_after_ms = 5'000;
  CHECK(read_answer(r, {8, 0, true}).verdict.retry_after_ms == 5'000);
  r.retry_after_ms = 0;
  header.value = str("999999999");
  CHECK(read_answer(r, {8, 0, true}).verdict.retry_after_ms == 3'600'000);
  for (const char* nonsense : {"", "soon", "-5", "4294967296", "1.5"}) {
    header.value = str(nonsense);
    CHECK(read_answer(r, {8, 0, true}).verdict.retry_after_ms == 0);
  }
}

TEST_CASE("datadog: hostile answers give short texts and one verdict") {
  const std::string deep(100'000, '['), wide = "{\"errors\":[" + std::string(200'000, ' ') + "1]}";
  const std::string huge = R"({"errors":[{"title":")" + std::string(1'000'000, 'x') + R"("}]})";
  const std::string many = "{\"errors\":[" + [] {
    std::string out = "\"e\"";
    for (int i = 0; i < 10'000; ++i) out += ",\"another one\"";
    return out;
  }() + "]}";
  for (const std::string& body : {deep, wide, huge, many, std::string(65'536, '\0'), std::string("\xff\xfe"),
                                  std::string(R"({"errors":{"a":1},"valid":"no"})"), std::string("null")})
    for (const int32_t status : {200, 400, 403, 500}) {
      const Verdict verdict = read_answer(answer(status, body), {8, 0, true}).verdict;
      CHECK(verdict.message.size() < 1000);
      CHECK(verdict.except.empty());
    }
}

TEST_CASE("datadog: the health check's answers") {
  CHECK(read_health(answer(200, R"({"valid":true})")).outcome == CSIEM_DELIVERED);
  CHECK(read_health(answer(202, "{}")).outcome == CSIEM_DELIVERED);
  CHECK(read_health(answer(200, R"({"valid":false})")).outcome == CSIEM_AUTH);
  CHECK(read_health(answer(403, R"({"errors":["Forbidden"]})")).outcome == CSIEM_AUTH);
  CHECK(mentions(read_health(answer(403, R"({"errors":["Forbidden"]})")).message, "Forbidden"));
  CHECK(read_health(answer(400, R"({"errors":["no"]})")).outcome == CSIEM_CONFIG);
  CHECK(read_health(answer(503, "")).outcome == CSIEM_RETRY);
  CHECK(read_health(answer(200, "<html>")).outcome == CSIEM_CONFIG);
}

TEST_CASE("members of an object as they stand in its text") {
  const auto members = [](std::string_view text) {
    std::string out;
    const bool whole = common::for_each_member(text, [&](std::string_view key, std::string_view value) {
      out += std::string(key) + "=" + std::string(value) + ";";
    });
    return whole ? out : "not whole: " + out;
  };
  CHECK(members("{}").empty());
  CHECK(members(R"({"a":1,"b":"x,}","c":{"d":[1,{"e":"]}"}]},"f":[],"g":null})") ==
        R"(a=1;b="x,}";c={"d":[1,{"e":"]}"}]};f=[];g=null;)");
  CHECK(members(" { \"a\\\"b\" : true , \"c\" : -1.5e3 } ") == "a\\\"b=true;c=-1.5e3;");
  CHECK(members("{\"\":1}") == "=1;");
  for (const char* broken : {"", "[]", "{", "{\"a\"}", "{\"a\":}", "{\"a\":1", "{\"a\":1}x", "{\"a\":\"", "{\"a\":[1}",
                             "{\"a\":1,}", "\"a\"", "{\"a\":{\"b\":\"\\", "{a:1}"}) {
    CAPTURE(broken);
    CHECK(mentions(members(broken), "not whole"));
  }
}

TEST_CASE("an object is made to fit by its longest texts, and ids stay") {
  const std::string id(36, 'i'), big(5000, 'b'), bigger(50'000, 'c');
  const std::string text = R"({"id":")" + id + R"(","x":{"y":[")" + big + R"(",")" + bigger + R"("]},"n":12.5})";
  const auto out = common::shortened(text, 4096, "truncated");
  REQUIRE(out);
  CHECK(out->size() <= 4096);
  CHECK(mentions(*out, id));
  CHECK(mentions(*out, "\"truncated\":true"));
  CHECK(mentions(*out, "\xe2\x80\xa6"));
  CHECK_FALSE(common::shortened("[1]", 4096, "truncated"));
  CHECK_FALSE(common::shortened("{", 4096, "truncated"));
  std::string numbers = "{\"n\":[1";
  for (int i = 0; i < 5000; ++i) numbers += ",1";
  CHECK_FALSE(common::shortened(numbers + "]}", 4096, "truncated"));
  // Cut between characters.
  std::string wide = "{\"t\":\"";
  for (int i = 0; i < 3000; ++i) wide += "\xe6\x9d\xb1";
  const auto cut = common::shortened(wide + "\"}", 1000, "truncated");
  REQUIRE(cut);
  CHECK(boost::json::parse(*cut).at("t").as_string().size() % 3 == 0);
}
