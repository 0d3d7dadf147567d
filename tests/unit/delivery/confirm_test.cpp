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
                            if (response.status == 200) {
                              waiting.push_back(done);
                              if (lets_go) one.delivery->let_go(one.instance, done);
                            } else
                              FakeInstance::classify_usual(one, done, response);
                          });
    };
  }
  void confirm(std::size_t i, int32_t outcome = CSIEM_DELIVERED) {
    script.instances[0]->complete(waiting[i], outcome);
    loop.settle();
  }

  // Everything comes through a log, and nothing is kept once it was taken.
  Result<void> start_with_log() {
    lets_go = true;
    auto started = start();
    if (started) lane->start_feed();
    return started;
  }
  event::BatchRef publish_from_log(std::size_t count) {
    auto batch = events.batch(count);
    cursor->keep(batch);
    cursor->deliver(batch);
    loop.settle();
    return batch;
  }
  void take_all() {
    while (!loop.sent.empty()) loop.answer(200);
  }

  std::vector<uint64_t> waiting;
  bool lets_go = false;
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

TEST_CASE("what is let go is not kept: the events' memory goes with the answer, and the confirmation settles them") {
  ConfirmBench bench;
  int eased = 0;
  bench.parts.eased = [&] { ++eased; };
  REQUIRE(bench.start_with_log());
  bench.publish_from_log(25);
  bench.take_all();
  bench.loop.advance_ms(300);  // the last five
  bench.take_all();
  REQUIRE(bench.waiting.size() == 3);
  CHECK(bench.cursor->let_go() == std::vector<store::Sequence>{1});
  CHECK(bench.lane->stats().queued_bytes == 0);
  CHECK(eased > 0);  // sources may go on before anything is confirmed
  CHECK(bench.queued() == 25);
  CHECK(bench.lane->stats().confirming_events == 25);
  CHECK(bench.lane->stats().confirming_bytes == 0);
  for (const std::size_t i : {2U, 0U, 1U}) bench.confirm(i);
  CHECK(bench.queued() == 0);
  CHECK(bench.lane->stats().confirming_events == 0);
  CHECK(bench.cursor->total(store::Fate::delivered) == 25);
  CHECK_FALSE(bench.cursor->broken());
  CHECK(bench.lane->stats().strikes == 0);
}

TEST_CASE("what was let go and is not confirmed comes again from the log, and only that") {
  ConfirmBench bench;
  REQUIRE(bench.start_with_log());
  bench.publish_from_log(30);
  bench.take_all();
  REQUIRE(bench.waiting.size() == 3);
  bench.confirm(1, CSIEM_RETRY);                                                                        // e11 to e20
  bench.script.instances[0]->complete(bench.waiting[2], CSIEM_DELIVERED, {{3, CSIEM_REJECT, "late"}});  // e24
  bench.loop.settle();
  bench.confirm(0);
  CHECK(bench.lane->stats().duplicates_possible == 11);
  CHECK(bench.cursor->given_back().empty());  // not before its pause is over
  bench.loop.advance_ms(2'000);
  CHECK(bench.cursor->given_back() == std::vector<store::Range>{{11, 20}, {24, 24}});
  CHECK(bench.cursor->total(store::Fate::delivered) == 19);
  bench.cursor->deliver_again();
  bench.loop.settle();
  bench.loop.advance_ms(300);
  bench.take_all();
  REQUIRE(bench.script.seen().size() == 5);
  CHECK(bench.script.seen()[3].ids.front() == "e11");
  CHECK(bench.script.seen()[3].attempt == 1);
  CHECK(bench.script.seen()[4].ids == std::vector<std::string>{"e24"});
  bench.confirm(3);
  bench.confirm(4);
  CHECK(bench.queued() == 0);
  CHECK(bench.cursor->total(store::Fate::delivered) == 30);
  CHECK_FALSE(bench.cursor->broken());
}

TEST_CASE("what may become a dead letter with its next failure is kept") {
  auto settings = quiet_settings();
  settings.retry.max_retries = 1;
  ConfirmBench bench(settings);
  REQUIRE(bench.start_with_log());
  bench.publish_from_log(10);
  bench.take_all();
  bench.confirm(0, CSIEM_RETRY);
  bench.loop.advance_ms(2'000);
  bench.cursor->deliver_again();
  bench.loop.settle();
  bench.take_all();
  REQUIRE(bench.waiting.size() == 2);
  CHECK(bench.cursor->let_go().size() == 1);
  bench.confirm(1, CSIEM_RETRY);
  CHECK(bench.cursor->letters().size() == 10);
  CHECK(bench.cursor->letters()[0].error_class == "expired");
  CHECK(bench.queued() == 0);
  CHECK_FALSE(bench.cursor->broken());
}

TEST_CASE("what is let go and never confirmed is taken back at last, and the end of the lane takes back the rest") {
  ConfirmBench bench;
  REQUIRE(bench.start_with_log());
  bench.publish_from_log(10);
  bench.take_all();
  bench.loop.advance_ms(bench.tuning.confirm_limit_ms + 10'000);
  CHECK(bench.script.cancelled().size() == 1);
  CHECK(bench.lane->stats().strikes == 1);
  CHECK(bench.cursor->given_back() == std::vector<store::Range>{{1, 10}});
  bench.publish_from_log(10);
  bench.take_all();
  bench.lane->shut();
  CHECK(bench.script.cancelled().size() == 2);
}
