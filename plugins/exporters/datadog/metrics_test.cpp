// Counts of delivered events, through the plugin's entry point.
// SPDX-License-Identifier: Apache-2.0
#include <doctest/doctest.h>

#include <boost/json.hpp>

#include "common/test_host.hpp"
#include "datadog/tally.hpp"

using csiem::testing::Batch;
using csiem::testing::SentRequest;
using csiem::testing::TestHost;
using Answer = TestHost::Answer;

namespace {

struct Datadog : TestHost {
  explicit Datadog(std::string_view metrics = "{\"enabled\":true}") {
    secrets["api_key"] = "0123456789abcdef0123456789abcdef";
    REQUIRE_MESSAGE(create(R"({"api_key":"api_key","tags":["team:red"],"csiem":{"host_name":"box"},"metrics":)" +
                           std::string(metrics) + "}"),
                    error);
  }
  void deliver(csiem::testing::Batch& batch, int32_t status = 202) {
    REQUIRE(submit(batch.view()) == CSIEM_OK);
    answer(status, "{}");
  }
  // The metrics request that is open.
  SentRequest& open() {
    REQUIRE(requests.size() == 1);
    REQUIRE(requests.front().url == "https://api.datadoghq.com/api/v2/series");
    return requests.front();
  }
};

Batch events(int count, int allowed = 0) {
  Batch batch;
  for (int i = 0; i < count; ++i) {
    csiem_event& event = batch.add("id-" + std::to_string(i), R"({"n":1})", TestHost::unix_ns());
    event.severity = CSIEM_SEV_HIGH;
    event.outcome = CSIEM_OUTCOME_FAILURE;
    event.decision_allowed = i < allowed ? 1 : 0;
    event.guard = batch.keep("egress");
    event.environment = batch.keep("production");
  }
  return batch;
}

// Sum over the points of a metric in a payload.
int64_t total(const std::string& body, std::string_view metric) {
  int64_t sum = 0;
  const boost::json::value payload = boost::json::parse(body);
  for (const auto& series : payload.at("series").as_array())
    if (series.at("metric").as_string() == metric)
      for (const auto& point : series.at("points").as_array()) sum += point.at("value").as_int64();
  return sum;
}

constexpr std::string_view kTotal = "clawdstrike.security.events.total";

}  // namespace

TEST_CASE("datadog: delivered events are counted once and sent after the interval") {
  Datadog host;
  Batch batch = events(3, 1);
  host.deliver(batch, 503);  // not delivered: not counted
  CHECK(host.timers() == 0);
  host.deliver(batch);
  CHECK(host.timers() == 1);
  host.pass_ms(9'999);
  CHECK(host.requests.empty());
  host.pass_ms(1);
  const SentRequest request = host.open();
  CHECK(request.header("DD-API-KEY") == "<api_key>");
  CHECK(request.header("Content-Type") == "application/json");
  CHECK(request.gzip);
  const auto payload = boost::json::parse(request.body);
  const auto& series = payload.at("series").as_array();
  CHECK(series.size() == 6);
  for (const auto& one : series) {
    CHECK(one.at("type") == 1);
    CHECK(one.at("interval") == 10);
    CHECK(one.at("points").as_array().size() == 1);
    CHECK(one.at("points").at(0).at("timestamp").as_int64() == TestHost::unix_ns() / 1'000'000'000);
    CHECK(boost::json::serialize(one.at("resources")) == R"([{"name":"box","type":"host"}])");
  }
  CHECK(total(request.body, kTotal) == 3);
  CHECK(total(request.body, "clawdstrike.security.events.allowed") == 1);
  CHECK(total(request.body, "clawdstrike.security.events.denied") == 2);
  CHECK(boost::json::serialize(series[0].at("tags")) ==
        R"(["team:red","service:clawdstrike","source:clawdstrike","exporter:test","env:production"])");
  CHECK(request.body.find(R"("env:production","severity:high"])") != std::string::npos);
  CHECK(request.body.find(R"("env:production","guard:egress"])") != std::string::npos);
  CHECK(request.body.find(R"("env:production","outcome:failure"])") != std::string::npos);
  host.answer(202, R"({"errors":[]})");
  CHECK(host.counters["metric_points_sent"] == 6);
  CHECK(host.timers() == 0);  // nothing to do until the next event
}

TEST_CASE("datadog: two flushes inside one second do not replace each other's points") {
  csiem::datadog::Tally tally({"p", {}, "", 10});
  Batch batch = events(5);
  std::int64_t sum = 0;
  std::vector<int64_t> times;
  for (int flush = 0; flush < 3; ++flush) {
    for (std::size_t i = 0; i < 5; ++i) tally.count(batch.event(i));
    const auto payload = tally.take(1'767'225'600);
    sum += total(payload.body, "p.events.total");
    times.push_back(payload.time_s);
    CHECK(boost::json::parse(payload.body).at("series").at(0).at("points").at(0).at("timestamp") == payload.time_s);
  }
  CHECK(sum == 15);
  CHECK(times == std::vector<int64_t>{1'767'225'600, 1'767'225'601, 1'767'225'602});
}

TEST_CASE("datadog: hostile names of guards and environments cost bounded memory, and totals stay right") {
  csiem::datadog::Tally tally({"p", {}, "", 10});
  Batch batch;
  for (int i = 0; i < 1000; ++i) {
    csiem_event& event = batch.add("e", "{}");
    event.guard = batch.keep("guard \"" + std::to_string(i) + "\n");
    event.environment = batch.keep("prod");
    tally.count(event);
  }
  const std::string body = tally.take(1).body;
  CHECK(total(body, "p.events.by_guard") == 1000);
  CHECK(boost::json::parse(body).at("series").as_array().size() <= 210);
  CHECK(body.find("guard:other") != std::string::npos);
  CHECK(body.find("guard:guard__7\"") != std::string::npos);
}

TEST_CASE("datadog: events older than an hour are not counted as if they were of now") {
  Datadog host;
  Batch batch;
  batch.add("old", "{}", TestHost::unix_ns() - 3'700'000'000'000);
  batch.add("new", "{}", TestHost::unix_ns());
  host.deliver(batch);
  host.pass_ms(10'000);
  CHECK(total(host.open().body, kTotal) == 1);
}

TEST_CASE("datadog: trouble with metrics leaves logs alone and memory bounded") {
  Datadog host;
  Batch batch = events(2);
  for (int i = 0; i < 800; ++i) {  // more than two hours
    csiem::testing::Batch fresh;
    fresh.add("id", "{}", TestHost::unix_ns());
    REQUIRE(host.submit(fresh.view()) == CSIEM_OK);
    // The logs request is the last that was opened.
    for (auto at = host.requests.begin(); at != host.requests.end(); ++at)
      if (at->url.find("/api/v2/logs") != std::string::npos) {
        std::swap(*at, host.requests.front());
        break;
      }
    host.answer(202, "{}");
    CHECK(host.results.back().outcome == CSIEM_DELIVERED);
    host.pass_ms(10'000);
    if (!host.requests.empty()) host.answer(i % 3 == 0 ? 503 : 429, "busy");
  }
  CHECK(host.counters["metric_points_dropped"] > 800);
  CHECK(host.requests.size() <= 1);
  // When the API is back, what is younger than an hour arrives.
  host.pass_ms(10'000);
  while (!host.requests.empty()) host.answer(202, "{}");
  const auto sent = host.counters["metric_points_sent"];
  CHECK(sent > 300 * 5);
  CHECK(sent < 360 * 5);
}

TEST_CASE("datadog: a metrics payload that is refused is dropped with one warning; asked to wait, it waits") {
  Datadog host;
  Batch batch = events(1);
  const auto warnings = host.log.size();
  for (int i = 0; i < 3; ++i) {
    host.deliver(batch);
    host.pass_ms(10'000);
    host.open();
    host.answer(413, "Payload too big");
  }
  CHECK(host.log.size() == warnings + 1);
  CHECK(host.counters["metric_points_dropped"] == 15);
  host.deliver(batch);
  host.pass_ms(10'000);
  host.answer(Answer{429, "", {}, 60'000, 0, 0});
  host.pass_ms(50'000);
  CHECK(host.requests.empty());
  host.pass_ms(10'000);
  CHECK(total(host.open().body, kTotal) == 1);
}

TEST_CASE("datadog: a metrics request without an answer is sent again") {
  Datadog host;
  Batch batch = events(1);
  host.deliver(batch);
  host.pass_ms(10'000);
  host.answer(Answer{0, "", {}, 0, CSIEM_TRANSPORT_TIMEOUT, CSIEM_RESPONSE_AMBIGUOUS});
  host.pass_ms(10'000);
  CHECK(total(host.open().body, kTotal) == 1);
}

TEST_CASE("datadog: metrics can be off, named otherwise and sent more often") {
  Datadog off("{\"enabled\":false}");
  Batch batch = events(1);
  off.deliver(batch);
  CHECK(off.timers() == 0);
  Datadog other(R"({"prefix":"acme.sec","interval":2000,"tags":["Tier: 1"]})");
  other.deliver(batch);
  other.pass_ms(2'000);
  CHECK(total(other.open().body, "acme.sec.events.total") == 1);
  CHECK(other.open().body.find("\"tier:1\"") != std::string::npos);
}
