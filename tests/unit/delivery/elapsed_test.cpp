// retry.max_elapsed: the clock of an event runs only while the destination accepts other traffic (delivery.md 7.3).
#include <doctest/doctest.h>

#include "lane_bench.hpp"

using namespace csiem;
using namespace csiem::test;
using delivery::LaneState;

namespace {

constexpr int64_t kHourMs = 3'600'000, kThreeDaysMs = 72 * kHourMs;

// A destination that answers as the test says. One event has its own mind.
struct Destination {
  explicit Destination(LaneBench& bench) {
    bench.script.on_submit = [this](FakeInstance& self, const csiem_batch& batch, uint64_t token) {
      ++requests;
      const std::string_view first(batch.events[0]->event_id.ptr, batch.events[0]->event_id.len);
      return self.complete(token, first == "stubborn" ? CSIEM_RETRY : answer, {}, answer == CSIEM_RETRY ? wait_ms : 0);
    };
  }
  int32_t answer = CSIEM_DELIVERED;
  uint32_t wait_ms = 0;
  int requests = 0;
};

config::Exporter one_by_one() {
  auto settings = quiet_settings();  // max_elapsed is 24 h
  settings.batch_size = 1;
  settings.retry.jitter = "full";
  return settings;
}

}  // namespace

TEST_CASE("three days of outage turn nothing into dead letters") {
  struct Row {
    const char* what;
    int32_t answer;
    uint32_t wait_ms;
    bool pause;
    LaneState state;
  };
  for (const Row& row : {Row{"breaker open", CSIEM_RETRY, 0, false, LaneState::open},
                         Row{"credential refused", CSIEM_AUTH, 0, false, LaneState::held_auth},
                         Row{"destination missing", CSIEM_CONFIG, 0, false, LaneState::held_destination},
                         Row{"paused by an operator", CSIEM_RETRY, 0, true, LaneState::paused}}) {
    CAPTURE(row.what);
    LaneBench bench(one_by_one());
    Destination destination(bench);
    REQUIRE(bench.start());
    bench.publish(20);
    CHECK(bench.queued() == 0);
    destination.answer = row.answer;
    bench.publish(50);
    bench.loop.advance_ms(1000);
    if (row.pause) CHECK(bench.lane->set_paused(true));
    for (int64_t passed = 0; passed < kThreeDaysMs; passed += kHourMs) {
      bench.publish(1);
      bench.loop.advance_ms(kHourMs);
    }
    CHECK(bench.state() == row.state);
    CHECK(bench.dead().empty());
    CHECK(bench.queued() == 50 + 72);
    // A probe now and then, no storm.
    CHECK(destination.requests < 20 + 72 * 61 + 200);
    destination.answer = CSIEM_DELIVERED;
    CHECK(bench.lane->set_paused(false));
    bench.loop.advance_ms(kHourMs);
    CHECK(bench.state() == LaneState::running);
    CHECK(bench.queued() == 0);
    CHECK(bench.dead().empty());
    CHECK(bench.cursor->total(store::Fate::delivered) == 20 + 50 + 72);
    CHECK_FALSE(bench.cursor->broken());
  }
}

TEST_CASE("three days of being asked to slow down are no reason either") {
  LaneBench bench(one_by_one());
  bench.script.on_submit = [&, end = int64_t{0}](FakeInstance& self, const csiem_batch&, uint64_t token) mutable {
    if (end == 0) end = bench.clock.mono_ns() + kThreeDaysMs * 1'000'000;
    return self.complete(token, bench.clock.mono_ns() < end ? CSIEM_RETRY : CSIEM_DELIVERED, {}, 3'600'000);
  };
  REQUIRE(bench.start());
  bench.publish(20);
  bench.loop.advance_ms(kThreeDaysMs + 4 * kHourMs);
  CHECK(bench.dead().empty());
  CHECK(bench.queued() == 0);
}

TEST_CASE("three days without a credential cost nothing") {
  auto settings = one_by_one();
  settings.fallback.secrets.push_back({"token", "cred:CSIEM_UNIT_TEST_NEVER_SET", "", {}});
  LaneBench bench(settings);
  credentials::CredentialStore store({}, bench.clock);
  bench.parts.credentials = &store;
  REQUIRE(bench.start());
  bench.publish(20);
  bench.loop.advance_ms(kThreeDaysMs);
  CHECK(bench.state() == LaneState::starting);
  CHECK(bench.dead().empty());
  ::setenv("CSIEM_UNIT_TEST_NEVER_SET", "at last", 1);
  CHECK(store.resolve().empty());
  ::unsetenv("CSIEM_UNIT_TEST_NEVER_SET");
  bench.lane->credentials_changed();
  bench.loop.advance_ms(1000);
  CHECK(bench.queued() == 0);
  CHECK(bench.cursor->total(store::Fate::delivered) == 20);
  bench.lane->shut();
}

TEST_CASE("one bad event among good ones expires after max_elapsed, and nothing else does") {
  LaneBench bench(one_by_one());
  Destination destination(bench);
  REQUIRE(bench.start());
  bench.publish({{"stubborn"}});
  int64_t passed = 0;
  uint64_t good = 0;
  for (; passed < 5 * kThreeDaysMs && bench.dead().empty(); passed += 5'000) {
    bench.publish(1);
    ++good;
    bench.loop.advance_ms(5'000);
  }
  CHECK(bench.dead() == "stubborn:expired");
  CHECK(bench.cursor->letters()[0].code == 4034);
  CHECK(passed >= 24 * kHourMs);
  CHECK(passed <= 36 * kHourMs);  // it stands still from each of its failures to the next success
  bench.loop.advance_ms(kHourMs);
  CHECK(bench.cursor->total(store::Fate::delivered) == good);
  CHECK(bench.queued() == 0);
}
