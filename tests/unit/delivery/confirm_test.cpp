// Exporters whose destination confirms a batch some time after it took it.
#include <doctest/doctest.h>

#include "delivery/lane_core.hpp"
#include "lane_bench.hpp"

using namespace csiem;
using namespace csiem::test;
using delivery::LaneState;

namespace {

// Takes 200 for "taken, not yet safe"; the test confirms.
struct ConfirmBench : LaneBench {
  explicit ConfirmBench(config::Exporter settings = quiet_settings()) : LaneBench(std::move(settings)) {
    exporter = fake_exporter(CSIEM_EXPORTER_ACKS);
    script.on_submit = [this](FakeInstance& self, const csiem_batch&, uint64_t token) {
      return self.request(token, "https://siem.example/in",
                          [this](FakeInstance& one, uint64_t done, const csiem_http_response& response) {
                            if (response.status == 200)
                              waiting.push_back(done);
                            else
                              FakeInstance::classify_usual(one, done, response);
                          });
    };
  }
  void confirm(std::size_t i, int32_t outcome = CSIEM_DELIVERED) {
    script.instances[0]->complete(waiting[i], outcome);
    loop.settle();
  }

  std::vector<uint64_t> waiting;
};

}  // namespace

TEST_CASE("what waits for a confirmation takes no permit and ends when it is confirmed") {
  ConfirmBench bench;
  REQUIRE(bench.start());
  bench.publish(60);  // six batches, two permits
  for (int i = 0; i < 6; ++i) {
    REQUIRE(bench.loop.sent.size() <= 2);
    REQUIRE_FALSE(bench.loop.sent.empty());
    bench.loop.answer(200);
  }
  CHECK(bench.waiting.size() == 6);
  CHECK(bench.queued() == 60);
  CHECK(bench.lane->stats().confirming_events == 60);
  CHECK(bench.lane->stats().last_success_unix_ns != 0);
  CHECK(bench.cursor->total(store::Fate::delivered) == 0);
  for (std::size_t i = 6; i-- > 0;) bench.confirm(i);
  CHECK(bench.queued() == 0);
  CHECK(bench.lane->stats().confirming_events == 0);
  CHECK(bench.lane->stats().confirming_bytes == 0);
  CHECK(bench.cursor->total(store::Fate::delivered) == 60);
  CHECK(bench.lane->stats().strikes == 0);
}

TEST_CASE("in order, the next batch waits until the one before it is confirmed") {
  auto settings = quiet_settings();
  settings.ordered = true;
  ConfirmBench bench(settings);
  REQUIRE(bench.start());
  bench.publish(20);
  REQUIRE(bench.loop.sent.size() == 1);
  bench.loop.answer(200);
  CHECK(bench.loop.sent.empty());
  bench.confirm(0);
  CHECK(bench.loop.sent.size() == 1);
}

TEST_CASE(
    "a confirmation may take longer than an answer, and what is not confirmed is sent again as a possible repeat") {
  ConfirmBench bench;
  REQUIRE(bench.start());
  bench.publish(10);
  bench.loop.answer(200);
  bench.loop.advance_ms(600'000);
  CHECK(bench.script.cancelled().empty());
  CHECK(bench.lane->stats().strikes == 0);
  bench.confirm(0, CSIEM_RETRY);
  CHECK(bench.lane->stats().duplicates_possible == 10);
  bench.loop.advance_ms(2'000);
  REQUIRE(bench.loop.sent.size() == 1);
  bench.loop.answer(200);
  bench.confirm(1);
  CHECK(bench.queued() == 0);
}

TEST_CASE("a server that forgets many batches at once gets them all again without a pause") {
  ConfirmBench bench;
  REQUIRE(bench.start());
  bench.publish(400);
  for (int i = 0; i < 40; ++i) bench.loop.answer(200);
  REQUIRE(bench.waiting.size() == 40);
  for (std::size_t i = 0; i < 40; ++i) bench.confirm(i, CSIEM_RETRY);
  CHECK(bench.state() != LaneState::open);
  for (int second = 0; second < 5; ++second) {
    bench.loop.advance_ms(1'000);
    while (!bench.loop.sent.empty()) bench.loop.answer(200);
  }
  REQUIRE(bench.waiting.size() == 80);
  for (std::size_t i = 40; i < 80; ++i) bench.confirm(i);
  CHECK(bench.queued() == 0);
}

TEST_CASE("a batch whose confirmation never comes is taken back at last") {
  ConfirmBench bench;
  REQUIRE(bench.start());
  bench.publish(10);
  bench.loop.answer(200);
  bench.loop.advance_ms(bench.tuning.confirm_limit_ms + 10'000);
  CHECK(bench.script.cancelled().size() == 1);
  CHECK(bench.lane->stats().strikes == 1);
}

TEST_CASE("being taken ends a breaker's pause before the confirmation is there") {
  auto settings = quiet_settings();
  settings.breaker.failure_threshold = 1;
  settings.breaker.open_for_ms = 1'000;
  ConfirmBench bench(settings);
  REQUIRE(bench.start());
  bench.publish(10);
  bench.loop.answer(200);  // waits from now on
  bench.publish(10);
  bench.loop.answer(503);
  CHECK(bench.state() == LaneState::open);
  bench.loop.advance_ms(2'000);
  REQUIRE(bench.loop.sent.size() == 1);  // the probe does not wait for the confirmation of what is there already
  bench.loop.answer(200);
  CHECK(bench.state() == LaneState::running);
}

TEST_CASE("an accepted batch that asks to slow down halves the request rate") {
  LaneBench bench;
  bench.script.on_submit = [](FakeInstance& self, const csiem_batch&, uint64_t token) {
    return self.request(token, "https://siem.example/in",
                        [](FakeInstance& one, uint64_t done, const csiem_http_response&) {
                          one.complete(done, CSIEM_DELIVERED, {}, 1'000);
                        });
  };
  REQUIRE(bench.start());
  bench.publish(100);
  REQUIRE(bench.loop.sent.size() == 2);
  while (!bench.loop.sent.empty()) bench.loop.answer(200);
  CHECK(bench.queued() > 0);  // waits for its turn
  for (int minute = 0; minute < 10; ++minute) {
    bench.loop.advance_ms(10'000);
    while (!bench.loop.sent.empty()) bench.loop.answer(200);
  }
  CHECK(bench.queued() == 0);
}
