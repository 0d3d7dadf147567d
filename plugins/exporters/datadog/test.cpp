// Requests to and answers from the logs intake, through the plugin's entry point.
// SPDX-License-Identifier: Apache-2.0
#include <doctest/doctest.h>

#include <boost/json.hpp>

#include "common/test_host.hpp"

using csiem::testing::Batch;
using csiem::testing::Result;
using csiem::testing::TestHost;
using Answer = TestHost::Answer;

namespace {

constexpr int64_t kHour = 3'600'000'000'000;

std::string config(std::string_view more = "{}") {
  boost::json::value settings =
      boost::json::parse(R"({"api_key":"api_key","metrics":{"enabled":false},"csiem":{"host_name":"machine-9"}})");
  const boost::json::value extra = boost::json::parse({more.data(), more.size()});
  for (const auto& [key, value] : extra.get_object()) settings.get_object()[key] = value;
  return boost::json::serialize(settings);
}

struct Datadog : TestHost {
  explicit Datadog(std::string_view more = "{}") {
    secrets["api_key"] = "0123456789abcdef0123456789abcdef";
    REQUIRE_MESSAGE(create(config(more)), error);
  }
};

std::string refusal(std::string_view more) {
  TestHost host;
  host.secrets["api_key"] = "k";
  return host.create(config(more)) ? std::string("accepted") : host.error;
}

constexpr const char* kNative =
    R"({"schema_version":"1.0.0","event_id":"0194-1","event_type":"egress_blocked","timestamp":"2026-01-01T00:00:00.123456789Z","decision":{"allowed":false,"guard":"egress","severity":"high","reason":"no"},"metadata":{"a":[1,2]},"labels":{}})";

Batch events(int count) {
  Batch batch;
  for (int i = 0; i < count; ++i)
    batch.add("id-" + std::to_string(i), R"({"event_id":"id-)" + std::to_string(i) + "\"}");
  return batch;
}

boost::json::array logs(const csiem::testing::SentRequest& request) {
  return boost::json::parse(request.body).as_array();
}

bool mentions(const std::string& text, std::string_view part) { return text.find(part) != std::string::npos; }

}  // namespace

TEST_CASE("datadog: one event, byte for byte") {
  Datadog host(R"({"site":"app.datadoghq.eu","tags":["team:security"]})");
  Batch batch;
  csiem_event& event = batch.add("0194-1", kNative);
  event.severity = CSIEM_SEV_HIGH;
  event.guard = batch.keep("egress");
  event.reason = batch.keep("domain \"x\" not on allowlist");
  event.outcome_name = batch.keep("failure");
  event.environment = batch.keep("production");
  REQUIRE(host.submit(batch.view()) == CSIEM_OK);
  const auto& request = host.requests[0];
  CHECK(request.method == "POST");
  CHECK(request.url == "https://http-intake.logs.datadoghq.eu/api/v2/logs");
  CHECK(request.header("DD-API-KEY") == "<api_key>");
  CHECK(request.header("Content-Type") == "application/json");
  CHECK(request.header("DD-EVP-ORIGIN") == "clawdstrike-siem");
  CHECK_FALSE(request.has_header("DD-PROTOCOL"));
  CHECK(request.gzip);
  CHECK(
      request.body ==
      R"([{"message":"[egress] BLOCKED: domain \"x\" not on allowlist","ddsource":"clawdstrike","service":"clawdstrike",)"
      R"("hostname":"agent-1","status":"error","ddtags":"team:security,event_type:forbidden_path,guard:egress,)"
      R"(severity:high,outcome:failure,allowed:false,env:production","timestamp":1767225600123,"timestamp_ns":456789,)"
      R"("event_time":"2026-01-01T00:00:00.123456789Z","schema_version":"1.0.0","event_id":"0194-1",)"
      R"("event_type":"egress_blocked","security":{"allowed":false,"guard":"egress","severity":"high","reason":"no"},)"
      R"("metadata":{"a":[1,2]},"labels":{}}])");
}

TEST_CASE("datadog: attributes of other formats keep clear of the intake's own names") {
  Datadog host;
  Batch batch;
  batch.add(
      "0194-2",
      R"({"@timestamp":"t","message":"m","host":{"name":"h"},"event":{"id":"0194-2"},"status":"Failure","tags":["x"]})");
  REQUIRE(host.submit(batch.view()) == CSIEM_OK);
  const auto log = logs(host.requests[0]).at(0).as_object();
  CHECK(log.at("event_id") == "0194-2");
  CHECK(log.at("@timestamp") == "t");
  CHECK(log.at("status") == "info");
  CHECK(boost::json::serialize(log.at("original")) ==
        R"({"message":"m","host":{"name":"h"},"status":"Failure","tags":["x"]})");
  CHECK(boost::json::serialize(log.at("event")) == R"({"id":"0194-2"})");
}

TEST_CASE("datadog: service, source and host from settings and events") {
  Datadog host(R"({"service":"{agent.type|agents}","source":"a\"b","hostname":"{labels.node|none}"})");
  Batch batch = events(1);
  batch.event(0).agent_type = batch.keep("code\"r");
  REQUIRE(host.submit(batch.view()) == CSIEM_OK);
  const auto log = logs(host.requests[0]).at(0).as_object();
  CHECK(log.at("service") == "code\"r");
  CHECK(log.at("ddsource") == "a\"b");
  CHECK(log.at("hostname") == "none");
  Datadog plain;
  Batch nameless = events(1);
  nameless.event(0).agent_name = csiem_str{nullptr, 0};
  REQUIRE(plain.submit(nameless.view()) == CSIEM_OK);
  CHECK_FALSE(mentions(plain.requests[0].body, "hostname"));  // never the daemon's own
}

TEST_CASE("datadog: labels become tags unless they are told not to") {
  const auto tags = [](std::string_view settings) {
    Datadog host(settings);
    Batch batch = events(1);
    const csiem_kv label{batch.keep("Team Name"), batch.keep("Red, Blue")};
    batch.event(0).labels = &label;
    batch.event(0).label_count = 1;
    REQUIRE(host.submit(batch.view()) == CSIEM_OK);
    return std::string(logs(host.requests[0]).at(0).at("ddtags").as_string());
  };
  CHECK(mentions(tags("{}"), ",team_name:red__blue"));
  CHECK_FALSE(mentions(tags(R"({"tag_labels":false})"), "team_name"));
}

TEST_CASE("datadog: events that the intake would not index") {
  const auto submit = [](Datadog& host, Batch& batch) {
    const auto now = TestHost::unix_ns();
    batch.add("old", R"({"event_id":"old"})", now - 20 * kHour);
    batch.add("new", R"({"event_id":"new"})", now);
    REQUIRE(host.submit(batch.view()) == CSIEM_OK);
    return logs(host.requests[0]);
  };
  const int64_t now_ms = TestHost::unix_ns() / 1'000'000;
  SUBCASE("get the time of sending, and say so") {
    Datadog host;
    Batch batch;
    const auto sent = submit(host, batch);
    REQUIRE(sent.size() == 2);
    CHECK(sent[0].at("timestamp") == now_ms);
    CHECK(sent[0].at("original_timestamp") == now_ms - 20 * 3'600'000);
    CHECK(sent[0].at("event_time") == "2026-01-01T00:00:00.123456789Z");
    CHECK(mentions(std::string(sent[0].at("ddtags").as_string()), "replayed:true"));
    CHECK(sent[1].at("timestamp") == now_ms);
    CHECK_FALSE(mentions(boost::json::serialize(sent[1]), "replayed"));
    host.answer(202, "{}");
    CHECK(host.results[0].letters(2) == "DD");
    CHECK(host.counters["restamped"] == 1);
  }
  SUBCASE("stay as they are") {
    Datadog host(R"({"replay_old_events":"send"})");
    Batch batch;
    const auto sent = submit(host, batch);
    CHECK(sent[0].at("timestamp") == now_ms - 20 * 3'600'000);
    CHECK_FALSE(mentions(host.requests[0].body, "replayed"));
  }
  SUBCASE("are left out, and only they") {
    Datadog host(R"({"replay_old_events":"drop"})");
    Batch batch;
    const auto sent = submit(host, batch);
    REQUIRE(sent.size() == 1);
    CHECK(sent[0].at("event_id") == "new");
    host.answer(202, "{}");
    CHECK(host.results[0].of(0) == CSIEM_SKIPPED);
    CHECK(host.results[0].of(1) == CSIEM_DELIVERED);
    Batch only;
    only.add("old", "{}", TestHost::unix_ns() - 20 * kHour);
    REQUIRE(host.submit(only.view(), 2) == CSIEM_OK);
    CHECK(host.requests.empty());
    CHECK(host.results[1].of(0) == CSIEM_SKIPPED);
  }
}

TEST_CASE("datadog: a long log is shortened before Datadog cuts it") {
  Datadog host(R"({"max_log_bytes":5000})");
  Batch batch;
  batch.add("small", R"({"event_id":"small"})");
  batch.add("large", R"({"event_id":"large","metadata":{"p":")" + std::string(20'000, 'x') + R"("}})");
  std::string numbers = R"({"event_id":"stiff","n":[0)";
  for (int i = 0; i < 5000; ++i) numbers += ",1";
  batch.add("stiff", numbers + "]}");
  REQUIRE(host.submit(batch.view()) == CSIEM_OK);
  const auto sent = logs(host.requests[0]);
  REQUIRE(sent.size() == 2);
  CHECK(boost::json::serialize(sent[1]).size() <= 5000);
  CHECK(sent[1].at("clawdstrike.truncated") == true);
  CHECK(sent[1].at("event_id") == "large");
  CHECK_FALSE(sent[0].as_object().contains("clawdstrike.truncated"));
  CHECK(host.counters["truncated"] == 1);
  host.answer(202, "{}");
  CHECK(host.results[0].letters(3) == "DDX");
  CHECK(host.results[0].except.at(2).code == "datadog.too_large");
}

TEST_CASE("datadog: a lone log that is too large is halved once, then given up") {
  Datadog host;
  Batch batch;
  batch.add("large", R"({"event_id":"large","metadata":{"p":")" + std::string(100'000, 'x') + R"("}})");
  REQUIRE(host.submit(batch.view()) == CSIEM_OK);
  const std::size_t first = host.requests[0].body.size();
  host.answer(413, R"({"errors":[{"status":"413","title":"Request Entity Too Large"}]})");
  REQUIRE(host.requests.size() == 1);
  CHECK(host.requests[0].body.size() <= first / 2 + 2);
  host.answer(413);
  REQUIRE(host.results.size() == 1);
  CHECK(host.results[0].outcome == CSIEM_SPLIT);
  // A batch is the host's to cut, and a small log is not what is wrong.
  Batch eight = events(8);
  CHECK(host.exchange(eight.view(), 413).outcome == CSIEM_SPLIT);
  Batch small = events(1);
  CHECK(host.exchange(small.view(), 413).outcome == CSIEM_SPLIT);
}

TEST_CASE("datadog: a format that makes no object harms its own event only") {
  Datadog host;
  Batch batch;
  batch.add("a", "CEF:0|x");
  batch.add("b", "{\"event_id\":\"b\"}");
  batch.add("c", "{\"event_id\":");
  REQUIRE(host.submit(batch.view()) == CSIEM_OK);
  CHECK(logs(host.requests[0]).size() == 1);
  host.answer(202, "{}");
  CHECK(host.results[0].letters(3) == "XDX");
  CHECK(host.results[0].except.at(0).code == "datadog.not_an_object");
}

TEST_CASE("datadog: traces are joined when asked to") {
  Datadog host(R"({"apm":{"enabled":true,"service":"agents","env":"staging"}})");
  Batch batch = events(2);
  batch.event(0).metadata_json = batch.keep(R"({"traceId":"4bf92f3577b34da6a3ce929d0e0e4736"})");
  batch.event(0).environment = batch.keep("production");
  REQUIRE(host.submit(batch.view()) == CSIEM_OK);
  const auto sent = logs(host.requests[0]);
  CHECK(boost::json::serialize(sent[0].at("dd")) ==
        R"({"trace_id":"11803532876627986230","service":"agents","env":"production"})");
  CHECK(boost::json::serialize(sent[1].at("dd")) == R"({"service":"agents","env":"staging"})");
  Datadog plain;
  REQUIRE(plain.submit(batch.view()) == CSIEM_OK);
  CHECK_FALSE(mentions(plain.requests[0].body, "\"dd\""));
}

TEST_CASE("datadog: verdicts about a batch are about all of it") {
  Datadog host;
  Batch batch = events(4);
  for (const auto& [status, outcome] : {std::pair{202, CSIEM_DELIVERED},
                                        {400, CSIEM_REJECT},
                                        {403, CSIEM_AUTH},
                                        {404, CSIEM_CONFIG},
                                        {413, CSIEM_SPLIT},
                                        {429, CSIEM_RETRY},
                                        {503, CSIEM_RETRY}}) {
    CAPTURE(status);
    const Result result = host.exchange(batch.view(), status, status == 202 ? "{}" : R"({"errors":[{"title":"T"}]})");
    CHECK(result.outcome == outcome);
    CHECK(result.except.empty());
  }
  CHECK(host.exchange(batch.view(), Answer{503, "", {}, 7000, 0, 0}).retry_after_ms == 7000);
  for (int32_t transport = CSIEM_TRANSPORT_DNS; transport <= CSIEM_TRANSPORT_CANCELLED; ++transport)
    CHECK(host.exchange(batch.view(), Answer{0, "", {}, 0, transport, CSIEM_RESPONSE_AMBIGUOUS}).outcome ==
          CSIEM_RETRY);
}

TEST_CASE("datadog: compression that is refused is left away from then on") {
  Datadog host;
  Batch batch = events(2);
  CHECK(host.exchange(batch.view(), 415, "{}").outcome == CSIEM_RETRY);
  REQUIRE(host.submit(batch.view(1)) == CSIEM_OK);
  CHECK_FALSE(host.requests[0].gzip);
  host.answer(415, "{}");
  CHECK(host.results.back().outcome == CSIEM_CONFIG);
  Datadog plain(R"({"compression":"none"})");
  REQUIRE(plain.submit(batch.view()) == CSIEM_OK);
  CHECK_FALSE(plain.requests[0].gzip);
}

TEST_CASE("datadog: a cancelled batch leaves nothing behind") {
  Datadog host;
  Batch batch = events(2);
  REQUIRE(host.submit(batch.view(), 1) == CSIEM_OK);
  host.cancel(1);
  CHECK(host.requests.empty());
  CHECK(host.exchange(batch.view(), 202, "{}").letters(2) == "DD");
}

TEST_CASE("datadog: the health check") {
  Datadog host;
  REQUIRE(host.health() == CSIEM_OK);
  CHECK(host.requests[0].method == "GET");
  CHECK(host.requests[0].url == "https://api.datadoghq.com/api/v1/validate");
  CHECK(host.requests[0].header("DD-API-KEY") == "<api_key>");
  host.answer(403, R"({"errors":["Forbidden"]})");
  CHECK(host.results[0].outcome == CSIEM_AUTH);
  REQUIRE(host.health(2) == CSIEM_OK);
  host.answer(200, R"({"valid":true})");
  CHECK(host.results[1].outcome == CSIEM_DELIVERED);
  Datadog intake(R"({"health_mode":"intake"})");
  REQUIRE(intake.health() == CSIEM_OK);
  CHECK(intake.requests[0].url == "https://http-intake.logs.datadoghq.com/api/v2/logs");
  CHECK(intake.requests[0].body == "{}");
}

TEST_CASE("datadog: addresses can be replaced") {
  Datadog host(R"({"endpoint":"http://127.0.0.1:8282/","api_endpoint":"https://proxy.example/dd"})");
  Batch batch = events(1);
  REQUIRE(host.submit(batch.view()) == CSIEM_OK);
  CHECK(host.requests[0].url == "http://127.0.0.1:8282/api/v2/logs");
  REQUIRE(host.health(2) == CSIEM_OK);
  CHECK(host.requests[1].url == "https://proxy.example/dd/api/v1/validate");
}

TEST_CASE("datadog: settings that cannot work are refused with the reason") {
  CHECK(refusal("{}") == "accepted");
  CHECK(mentions(refusal(R"({"api_key":""})"), "api_key: missing"));
  CHECK(mentions(refusal(R"({"site":"evil.com/x"})"), "site: 'evil.com/x' is not a Datadog site"));
  CHECK(mentions(refusal(R"({"site":"eu"})"), "site: 'eu'"));
  CHECK(mentions(refusal(R"({"endpoint":"ftp://x"})"), "endpoint: 'ftp://x' is not an http"));
  CHECK(mentions(refusal(R"({"endpoint":"https://x/?a"})"), "has no query"));
  CHECK(mentions(refusal(R"({"api_endpoint":"http://proxy.example"})"), "allow_plain_http"));
  CHECK(refusal(R"({"api_endpoint":"http://proxy.example","allow_plain_http":true})") == "accepted");
  CHECK(mentions(refusal(R"({"tags":["team:a","123"]})"), "tags[1]: '123' is no tag"));
  CHECK(mentions(refusal(R"({"metrics":{"tags":[":"]}})"), "metrics.tags[0]"));
  CHECK(mentions(refusal(R"({"metrics":{"prefix":"1x"}})"), "metrics.prefix"));
  CHECK(mentions(refusal(R"({"replay_old_events":"keep"})"), "'keep'"));
  CHECK(mentions(refusal(R"({"service":"{nosuch}"})"), "service: '{nosuch}'"));
  const std::string all = refusal(R"({"site":"x","tags":["1"],"hostname":"{","endpoint":"y"})");
  for (const char* key : {"site: ", "tags[0]: ", "hostname: ", "endpoint: "}) CHECK(mentions(all, key));
}

TEST_CASE("datadog: the settings schema is JSON and marks secrets, hosts and limits") {
  const boost::json::value schema = boost::json::parse(TestHost::schema());
  const auto& properties = schema.at("properties").get_object();
  CHECK(properties.at("api_key").at("x-csiem-secret") == true);
  CHECK(properties.at("app_key").at("x-csiem-secret") == true);
  CHECK(properties.at("site").at("x-csiem-origin").as_array().size() == 2);
  CHECK(properties.at("endpoint").at("x-csiem-origin") == true);
  CHECK(schema.at("x-csiem-defaults").at("batch_max_bytes") == 4'250'000);
  CHECK(TestHost::api().limits->max_events == 1000);
  CHECK(TestHost::api().limits->max_batch_bytes == 5'000'000);
}
