// Requests to and answers from an HTTP source, through the plugin's entry point.
// SPDX-License-Identifier: Apache-2.0
#include <doctest/doctest.h>

#include <boost/json.hpp>

#include "common/test_host.hpp"
#include "sumo_logic/response.hpp"

using csiem::testing::Batch;
using csiem::testing::Result;
using csiem::testing::TestHost;
using Answer = TestHost::Answer;

namespace {

constexpr const char* kCode = "ZaVnC4dhaV3qJ0pAoWn8MPVjFQ==";

std::string config(std::string_view more = "{}") {
  boost::json::value settings = boost::json::parse(R"({"http_source_url":"url","csiem":{"version":"1.0"}})");
  const boost::json::value extra = boost::json::parse({more.data(), more.size()});
  for (const auto& [key, value] : extra.get_object()) settings.get_object()[key] = value;
  return boost::json::serialize(settings);
}

struct Sumo : TestHost {
  explicit Sumo(std::string_view more = "{}") {
    secrets["url"] = std::string("https://endpoint4.collection.sumologic.com/receiver/v1/http/") + kCode;
    secrets["second"] = "https://endpoint5.collection.sumologic.com/receiver/v1/http/another-code";
    REQUIRE_MESSAGE(create(config(more)), error);
  }
};

std::string refusal(std::string_view more,
                    std::string_view url = "https://collectors.sumologic.com/receiver/v1/http/x") {
  TestHost host;
  host.secrets["url"] = url;
  return host.create(config(more)) ? std::string("accepted") : host.error;
}

void add(Batch& batch, int n, std::string_view tenant) {
  const std::string id = "id-" + std::to_string(n);
  csiem_event& event = batch.add(id, R"({"event_id":")" + id + R"(","decision":{"guard":"egress","reason":"r"}})");
  event.tenant_id = batch.keep(tenant);
  event.reason = batch.keep("two\nlines \"quoted\"");
}

bool mentions(const std::string& text, std::string_view part) { return text.find(part) != std::string::npos; }

}  // namespace

TEST_CASE("sumo_logic: one event, byte for byte, its time first") {
  Sumo host(R"({"fields":{"environment":"{session.environment}","team":"a,b=c"}})");
  Batch batch;
  batch.add("0194", R"({"event_id":"0194","timestamp":"2026","decision":{"a":1}})");
  batch.event(0).environment = batch.keep("prod\r\nX: y");
  REQUIRE(host.submit(batch.view()) == CSIEM_OK);
  const auto& request = host.requests[0];
  CHECK(request.method == "POST");
  CHECK(request.url.empty());
  CHECK(request.url_secret == "url");
  CHECK(request.gzip);
  CHECK(request.header("X-Sumo-Category") == "prod/security/clawdstrike");
  CHECK(request.header("X-Sumo-Name") == "clawdstrike");
  CHECK(request.header("X-Sumo-Host") == "agent-1");
  CHECK(request.header("X-Sumo-Fields") == "environment=prod__X: y,team=a_b_c");
  CHECK(request.header("X-Sumo-Client") == "clawdstrike-siem/1.0");
  CHECK(request.body ==
        "{\"timestamp\":1767225600123,\"event_time\":\"2026-01-01T00:00:00.123456789Z\",\"event_id\":\"0194\","
        "\"decision\":{\"a\":1}}\n");
}

TEST_CASE("sumo_logic: one request per combination of metadata, each with its own events") {
  Sumo host;
  Batch batch;
  for (int n = 0; n < 30; ++n) add(batch, n, std::string("t/") + static_cast<char>('a' + n % 3));
  REQUIRE(host.submit(batch.view()) == CSIEM_OK);
  while (!host.requests.empty()) host.answer(200);
  REQUIRE(host.sent.size() == 3);
  for (std::size_t i = 0; i < 3; ++i) {
    CHECK(host.sent[i].header("X-Sumo-Category") ==
          std::string("prod/security/clawdstrike/t_") + static_cast<char>('a' + static_cast<int>(i)));
    CHECK(std::count(host.sent[i].body.begin(), host.sent[i].body.end(), '\n') == 10);
    CHECK(mentions(host.sent[i].body, "\"id-" + std::to_string(i) + "\""));
  }
  CHECK(host.results.at(0).letters(30) == std::string(30, 'D'));
}

TEST_CASE("sumo_logic: an answer about one group leaves the others alone") {
  Sumo host;
  Batch batch;
  for (int n = 0; n < 6; ++n) add(batch, n, n % 2 == 0 ? "a" : "b");
  SUBCASE("refused") {
    REQUIRE(host.submit(batch.view()) == CSIEM_OK);
    host.answer(400, "bad");
    host.answer(200);
    CHECK(host.results.at(0).letters(6) == "SDSDSD");  // smaller batches find the culprit
  }
  SUBCASE("trouble of the source") {
    REQUIRE(host.submit(batch.view()) == CSIEM_OK);
    host.answer(200);
    host.answer(Answer{503, "", {}, 7000, 0, 0});
    CHECK(host.results.at(0).letters(6) == "DRDRDR");
    CHECK(host.results[0].retry_after_ms == 7000);
  }
  SUBCASE("a lone message") {
    add(batch, 7, "c");
    REQUIRE(host.submit(batch.view()) == CSIEM_OK);
    host.answer(200);
    host.answer(200);
    host.answer(400);
    CHECK(host.results.at(0).letters(7) == "DDDDDDX");
  }
  SUBCASE("more groups than a batch may send") {
    Sumo few(R"({"max_partitions":1})");
    REQUIRE(few.submit(batch.view()) == CSIEM_OK);
    few.answer(200);
    CHECK(few.results.at(0).letters(6) == "DRDRDR");
    CHECK(few.results[0].except.at(1).code.empty());
  }
}

TEST_CASE("sumo_logic: messages of every kind are one line each") {
  for (const char* format : {"json", "text", "key_value"}) {
    CAPTURE(format);
    Sumo host(std::string(R"({"message_format":")") + format + "\"}");
    Batch batch;
    add(batch, 1, "");
    add(batch, 2, "");
    REQUIRE(host.submit(batch.view()) == CSIEM_OK);
    const std::string body = host.requests[0].body;
    CHECK(std::count(body.begin(), body.end(), '\n') == 2);
    if (format != std::string_view("json")) CHECK(body.rfind("2026-01-01T00:00:00.123Z ", 0) == 0);
    if (format == std::string_view("key_value")) {
      CHECK(mentions(body, R"( event_id="id-1" )"));
      CHECK(mentions(body, R"( reason="two lines \"quoted\"")"));
    }
  }
  Sumo cef;
  Batch batch("text/plain");
  batch.add("e", "CEF:0|a|b\nc");
  REQUIRE(cef.submit(batch.view()) == CSIEM_OK);
  CHECK(cef.requests[0].body == "2026-01-01T00:00:00.123Z CEF:0|a|b c\n");
}

TEST_CASE("sumo_logic: members can be chosen and left out") {
  const auto sent = [](std::string_view settings) {
    Sumo host(settings);
    Batch batch;
    batch.add("e",
              R"({"event_id":"e","decision":{"guard":"g","reason":"r"},"metadata":{"x":{"y":1,"z":2}},"labels":{}})");
    REQUIRE(host.submit(batch.view()) == CSIEM_OK);
    return host.requests[0].body.substr(73);
  };
  CHECK(sent(R"({"exclude":["labels","metadata.x.y","decision.reason"]})") ==
        "\"event_id\":\"e\",\"decision\":{\"guard\":\"g\"},\"metadata\":{\"x\":{\"z\":2}}}\n");
  CHECK(sent(R"({"include":["decision.guard"]})") == "\"event_id\":\"e\",\"decision\":{\"guard\":\"g\"}}\n");
}

TEST_CASE("sumo_logic: long messages are shortened and every body stays below a megabyte") {
  Sumo host;
  Batch batch;
  batch.add("first", "{\"event_id\":\"first\"}").tenant_id = batch.keep("a");
  for (int n = 0; n < 40; ++n)
    batch.add("e", "{\"event_id\":\"e\",\"p\":\"" + std::string(60'000, 'x') + "\"}").tenant_id = batch.keep("b");
  batch.add("long", "{\"event_id\":\"long\",\"p\":\"" + std::string(100'000, 'x') + "\"}").tenant_id = batch.keep("c");
  REQUIRE(host.submit(batch.view()) == CSIEM_OK);
  while (!host.requests.empty()) host.answer(200);
  CHECK(host.sent.size() == 5);
  for (const auto& request : host.sent) CHECK(request.body.size() <= 1'000'000);
  CHECK(host.sent.back().body.size() <= 65'537);
  CHECK(mentions(host.sent.back().body, "\"truncated\":true"));
  CHECK(host.results.at(0).letters(42) == std::string(42, 'D'));
}

TEST_CASE("sumo_logic: every status has its outcome") {
  struct Case {
    int32_t status, outcome;
  };
  for (const Case& c :
       {Case{200, CSIEM_DELIVERED}, Case{202, CSIEM_DELIVERED}, Case{301, CSIEM_CONFIG}, Case{400, CSIEM_REJECT},
        Case{401, CSIEM_AUTH}, Case{403, CSIEM_CONFIG}, Case{404, CSIEM_CONFIG}, Case{405, CSIEM_CONFIG},
        Case{408, CSIEM_SPLIT}, Case{413, CSIEM_SPLIT}, Case{429, CSIEM_RETRY}, Case{500, CSIEM_RETRY},
        Case{502, CSIEM_RETRY}, Case{503, CSIEM_RETRY}, Case{504, CSIEM_RETRY}}) {
    CAPTURE(c.status);
    Sumo host;
    Batch batch;
    add(batch, 1, "");
    add(batch, 2, "");
    CHECK(host.exchange(batch.view(), c.status).outcome == c.outcome);
  }
  Sumo host;
  Batch one;
  add(one, 1, "");
  CHECK(host.exchange(one.view(), 408).outcome == CSIEM_RETRY);
  CHECK(host.exchange(one.view(), 200, "<html>Sign in</html>").outcome == CSIEM_CONFIG);
  CHECK(host.exchange(one.view(), 415).outcome == CSIEM_RETRY);
  REQUIRE(host.submit(one.view()) == CSIEM_OK);
  CHECK_FALSE(host.requests[0].gzip);
}

TEST_CASE("sumo_logic: a warning inside of a success is told once") {
  Sumo host;
  Batch batch;
  add(batch, 1, "");
  const char* warning =
      R"({"status":200,"id":"x","code":"bad.http.header.fields","message":"X-Sumo-Fields Warning: 14 key-value pairs are dropped"})";
  for (int i = 0; i < 3; ++i) CHECK(host.exchange(batch.view(), 200, warning).outcome == CSIEM_DELIVERED);
  CHECK(host.log.size() == 1);
  CHECK(host.counters["warnings"] == 3);
}

TEST_CASE("sumo_logic: the code of the URL is in no text, whatever the server echoes") {
  Batch batch;
  add(batch, 1, "");
  const std::string echo = std::string("cannot POST /receiver/v1/http/") + kCode + " (" + kCode + ")";
  for (const int32_t status : {400, 401, 404, 429, 500}) {
    Sumo host;
    const Result result = host.exchange(batch.view(), status, echo);
    CHECK_FALSE(mentions(result.message, "ZaVnC4dh"));
    CHECK(mentions(result.message, "***"));
  }
  Sumo host;
  host.exchange(batch.view(), 200, std::string(R"({"code":"c","message":")") + echo + "\"}");
  for (const std::string& line : host.log) CHECK_FALSE(mentions(line, "ZaVnC4dh"));
  CHECK_FALSE(mentions(refusal("{}", "ftp://x/secret-code"), "secret-code"));
}

TEST_CASE("sumo_logic: a source that fails rests, and the next one is used") {
  Sumo host(R"({"http_source_url":["url","second"]})");
  Batch batch;
  add(batch, 1, "");
  CHECK(host.exchange(batch.view(), 503).outcome == CSIEM_RETRY);
  REQUIRE(host.submit(batch.view()) == CSIEM_OK);
  CHECK(host.requests[0].url_secret == "second");
}

TEST_CASE("sumo_logic: health checks that cost nothing unless asked to") {
  Sumo passive;
  REQUIRE(passive.health() == CSIEM_OK);
  CHECK(passive.requests.empty());
  CHECK(passive.results.at(0).outcome == CSIEM_DELIVERED);
  Sumo post(R"({"health_mode":"empty_post"})");
  REQUIRE(post.health() == CSIEM_OK);
  CHECK(post.requests[0].body.empty());
  post.answer(401);
  CHECK(post.results.at(0).outcome == CSIEM_AUTH);
  Sumo synthetic(R"({"health_mode":"synthetic"})");
  REQUIRE(synthetic.health() == CSIEM_OK);
  CHECK(synthetic.requests[0].header("X-Sumo-Category") == "prod/security/clawdstrike/healthcheck");
}

TEST_CASE("sumo_logic: settings that cannot work are refused with the reason") {
  CHECK(refusal("{}") == "accepted");
  CHECK(mentions(refusal("{}", "http://collectors.sumologic.com/x"), "unencrypted"));
  CHECK(refusal("{}", "http://127.0.0.1:1/x") == "accepted");
  CHECK(mentions(refusal(R"({"exclude":["event_id"]})"), "exclude[0]: event_id"));
  CHECK(mentions(refusal(R"({"exclude":["timestamp"]})"), "timestamp"));
  CHECK(mentions(refusal(R"({"fields":{"a b":"c"}})"), "fields.a b"));
  CHECK(mentions(refusal(R"({"headers":{"X-Sumo-Name":"n"}})"), "set by the exporter"));
  CHECK(mentions(refusal(R"({"source_category":"{nosuch}"})"), "source_category"));
  std::string fields;
  for (int i = 0; i < 35; ++i) fields += (i == 0 ? "\"f" : ",\"f") + std::to_string(i) + "\":\"v\"";
  CHECK(mentions(refusal("{\"fields\":{" + fields + "}}"), "35 fields"));
}
