// What an operator does to one lane: pause, resume, flush.
#include <doctest/doctest.h>

#include "delivery/lane_core.hpp"
#include "lane_bench.hpp"

using namespace csiem;
using namespace csiem::test;
using delivery::LaneState;

namespace {

void speak_http(LaneBench& bench) {
  bench.script.on_submit = [](FakeInstance& self, const csiem_batch&, uint64_t token) {
    return self.request(token, "https://siem.example/in", &FakeInstance::classify_usual);
  };
}

void set_paused(LaneBench& bench, bool paused) {
  CHECK(bench.lane->set_paused(paused));
  bench.loop.settle();
}

}  // namespace

TEST_CASE("a paused lane renders and sends nothing, keeps what is published, and goes on where it was") {
  LaneBench bench;
  speak_http(bench);
  REQUIRE(bench.start());
  set_paused(bench, true);
  CHECK(bench.state() == LaneState::paused);
  CHECK(bench.lane->stats().problem_code == 4062);
  for (int i = 0; i < 50; ++i) bench.publish(10);
  bench.loop.advance_ms(3'600'000);
  CHECK(bench.loop.sent.empty());
  CHECK(bench.queued() == 500);
  CHECK_FALSE(bench.loop.spinning);
  set_paused(bench, false);
  while (!bench.loop.sent.empty()) bench.loop.answer(200);
  CHECK(bench.state() == LaneState::running);
  CHECK(bench.lane->stats().problem_code == 0);
  CHECK(bench.queued() == 0);
  CHECK(bench.cursor->total(store::Fate::delivered) == 500);
  CHECK_FALSE(bench.cursor->broken());
}

TEST_CASE("what was in flight when the lane was paused ends; its retries wait") {
  LaneBench bench;
  speak_http(bench);
  REQUIRE(bench.start());
  bench.publish(20);
  REQUIRE(bench.loop.sent.size() == 2);
  set_paused(bench, true);
  bench.loop.answer(200);
  bench.loop.answer(503);
  CHECK(bench.queued() == 10);
  bench.loop.advance_ms(60'000);
  CHECK(bench.loop.sent.empty());
  CHECK(bench.state() == LaneState::paused);
  set_paused(bench, false);
  REQUIRE(bench.loop.sent.size() == 1);
  bench.loop.answer(200);
  CHECK(bench.queued() == 0);
}

TEST_CASE("the operator's last word counts") {
  LaneBench bench;
  speak_http(bench);
  REQUIRE(bench.start());
  CHECK(bench.lane->set_paused(true));
  CHECK(bench.lane->set_paused(false));
  bench.publish(10);
  CHECK(bench.state() == LaneState::running);
  CHECK(bench.loop.sent.size() == 1);
}

TEST_CASE("resume sends the probe of an open breaker at once, one only") {
  auto settings = quiet_settings();
  settings.concurrency = 1;
  settings.retry.max_backoff_ms = 50;
  settings.retry.initial_backoff_ms = 50;
  settings.breaker.failure_threshold = 2;
  LaneBench bench(settings);
  speak_http(bench);
  REQUIRE(bench.start());
  bench.publish(30);
  for (int i = 0; i < 2; ++i) {
    REQUIRE(bench.loop.sent.size() == 1);
    bench.loop.answer(500);
    bench.loop.advance_ms(50);
  }
  REQUIRE(bench.state() == LaneState::open);
  CHECK(bench.lane->stats().problem_code == 4060);
  CHECK(bench.loop.sent.empty());
  set_paused(bench, false);
  REQUIRE(bench.loop.sent.size() == 1);
  bench.loop.answer(500);
  CHECK(bench.loop.sent.empty());
  CHECK(bench.state() == LaneState::open);
  set_paused(bench, false);
  while (!bench.loop.sent.empty()) bench.loop.answer(200);
  CHECK(bench.state() == LaneState::running);
  bench.loop.advance_ms(100);  // the event of the first probe waits for its own retry
  while (!bench.loop.sent.empty()) bench.loop.answer(200);
  CHECK(bench.queued() == 0);
}

TEST_CASE("resume sends the probe of a held exporter at once") {
  LaneBench bench;
  speak_http(bench);
  REQUIRE(bench.start());
  bench.publish(10);
  bench.loop.answer(404);
  REQUIRE(bench.state() == LaneState::held_destination);
  CHECK(bench.lane->stats().problem_code == 4040);
  set_paused(bench, true);
  CHECK(bench.state() == LaneState::paused);
  bench.loop.advance_ms(600'000);
  CHECK(bench.loop.sent.empty());
  set_paused(bench, false);
  REQUIRE(bench.loop.sent.size() == 1);
  while (!bench.loop.sent.empty()) bench.loop.answer(200);
  CHECK(bench.state() == LaneState::running);
  CHECK(bench.queued() == 0);
}

TEST_CASE("time spent paused does not make events expire") {
  auto settings = quiet_settings();
  settings.retry.max_elapsed_ms = 10'000;
  LaneBench bench(settings);
  speak_http(bench);
  REQUIRE(bench.start());
  bench.publish(10);
  bench.loop.answer(503);
  set_paused(bench, true);
  bench.loop.advance_ms(3'600'000);
  set_paused(bench, false);
  REQUIRE(bench.loop.sent.size() == 1);
  bench.loop.answer(503);
  CHECK(bench.dead().empty());
  CHECK(bench.queued() == 10);
}

TEST_CASE("flush sends what waits for its interval") {
  auto settings = quiet_settings();
  settings.flush_interval_ms = 600'000;
  LaneBench bench(settings);
  speak_http(bench);
  REQUIRE(bench.start());
  bench.publish(3);
  CHECK(bench.loop.sent.empty());
  bench.lane->flush();
  bench.loop.settle();
  CHECK(bench.loop.sent.size() == 1);
}

TEST_CASE("what a lane took is what it delivered, filtered, gave up and holds") {
  LaneBench bench;
  speak_http(bench);
  REQUIRE(bench.start());
  bench.publish(40);
  bench.loop.answer(200);
  bench.loop.answer(503);
  const auto& stats = bench.lane->stats();
  CHECK(40 == stats.delivered + stats.filtered + stats.rejected + stats.queued_events);
  CHECK(stats.answers.of(delivery::RequestClass::success) == 1);
  CHECK(stats.answers.of(delivery::RequestClass::server_error) == 1);
}
