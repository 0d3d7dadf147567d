// Outages, credentials, holds, and plugins that break the contract.
#include <doctest/doctest.h>

#include <cstdlib>
#include <stdexcept>

#include "lane_bench.hpp"

using namespace csiem;
using namespace csiem::test;
using delivery::LaneState;

namespace {

const std::string kUrl = "https://siem.example/in";

// One request per batch, the answer decides.
void speak_http(LaneBench& bench) {
  bench.script.on_submit = [](FakeInstance& self, const csiem_batch&, uint64_t token) {
    return self.request(token, kUrl, &FakeInstance::classify_usual);
  };
}

// Credentials that the test sets as it likes.
struct Keys {
  ManualClock& clock;
  credentials::CredentialStore store{{}, clock};
};

config::Exporter with_secret() {
  auto settings = quiet_settings();
  settings.fallback.secrets.push_back({"token", "", "first-secret-value", {}});
  return settings;
}

}  // namespace

TEST_CASE("Retry-After stops the whole exporter for at least what was asked") {
  auto settings = quiet_settings();
  settings.batch_size = 1;
  settings.concurrency = 2;
  LaneBench bench(settings);
  speak_http(bench);
  REQUIRE(bench.start());
  bench.publish(1);
  REQUIRE(bench.loop.sent.size() == 1);
  bench.loop.answer(429, 7000);
  bench.publish(5);
  bench.loop.advance_ms(6'999);
  CHECK(bench.loop.sent.empty());
  CHECK(bench.state() == LaneState::retrying);
  bench.loop.advance_ms(702);
  CHECK_FALSE(bench.loop.sent.empty());
}

TEST_CASE("the host's own view of Retry-After counts when the plugin forgot it") {
  LaneBench bench;
  bench.script.on_submit = [](FakeInstance& self, const csiem_batch&, uint64_t token) {
    return self.request(token, kUrl, [](FakeInstance& s, uint64_t t, const csiem_http_response& r) {
      s.complete(t, r.status == 200 ? CSIEM_DELIVERED : CSIEM_RETRY);
    });
  };
  REQUIRE(bench.start());
  bench.publish(10);
  bench.loop.answer(503, 20'000);
  bench.loop.advance_ms(19'999);
  CHECK(bench.loop.sent.empty());
  bench.loop.advance_ms(2'001);
  CHECK(bench.loop.sent.size() == 1);
}

TEST_CASE("five failures open the breaker; one probe with the oldest event closes it") {
  auto settings = quiet_settings();
  settings.retry.max_backoff_ms = 1000;
  settings.concurrency = 1;
  LaneBench bench(settings);
  speak_http(bench);
  REQUIRE(bench.start());
  bench.publish(10);
  for (int i = 0; i < 5; ++i) {
    REQUIRE(bench.loop.sent.size() == 1);
    CHECK(bench.state() == (i == 0 ? LaneState::running : LaneState::retrying));
    bench.loop.answer(500);
    if (i < 4) bench.loop.advance_ms(1000);
  }
  CHECK(bench.state() == LaneState::open);
  for (int i = 0; i < 30; ++i) bench.publish(10);
  bench.loop.advance_ms(23'000);
  CHECK(bench.loop.sent.empty());
  bench.loop.advance_ms(13'000);
  REQUIRE(bench.loop.sent.size() == 1);
  CHECK(bench.script.seen().back().ids == std::vector<std::string>{"e1"});
  bench.loop.answer(0, 0, http::Transport::connect);
  CHECK(bench.state() == LaneState::open);
  bench.loop.advance_ms(45'000);
  CHECK(bench.loop.sent.empty());  // twice as long
  bench.loop.advance_ms(27'000);
  REQUIRE(bench.loop.sent.size() == 1);
  CHECK(bench.script.seen().back().ids == std::vector<std::string>{"e2"});  // the first may be what breaks the server
  bench.loop.answer(200);
  CHECK(bench.state() == LaneState::running);
  CHECK(bench.loop.sent.size() == 1);  // slowly at first
  while (!bench.loop.sent.empty()) bench.loop.answer(200);
  CHECK(bench.queued() == 0);
  CHECK_FALSE(bench.cursor->broken());
}

TEST_CASE("429 does not open the breaker") {
  auto settings = quiet_settings();
  settings.retry.max_backoff_ms = 1000;
  LaneBench bench(settings);
  speak_http(bench);
  REQUIRE(bench.start());
  bench.publish(10);
  for (int i = 0; i < 9; ++i) {
    bench.loop.advance_ms(15'000);
    REQUIRE(bench.loop.sent.size() == 1);
    bench.loop.answer(429);
    CHECK(bench.state() == LaneState::retrying);
  }
}

TEST_CASE("retries are paid from the budget: after ten in a row they go ten a minute") {
  auto settings = quiet_settings();
  settings.retry.max_backoff_ms = 50;
  settings.retry.initial_backoff_ms = 50;
  settings.breaker.failure_threshold = 1'000'000;
  LaneBench bench(settings);
  bench.exporter.exporter.flags = CSIEM_EXPORTER_OWN_IO;
  bench.script.on_submit = [](FakeInstance& self, const csiem_batch&, uint64_t token) {
    return self.complete(token, CSIEM_RETRY);
  };
  REQUIRE(bench.start());
  bench.publish(10);
  bench.loop.advance_ms(600);
  CHECK(bench.script.submits() == 11);
  bench.loop.advance_ms(5'000);
  CHECK(bench.script.submits() == 11);
  bench.loop.advance_ms(1'000);
  CHECK(bench.script.submits() == 12);
}

TEST_CASE("a refused credential is refreshed once; a new value goes at once") {
  LaneBench bench(with_secret());
  Keys keys{bench.clock};
  std::vector<std::string> refreshed;
  std::function<void(bool)> done;
  bench.parts.credentials = &keys.store;
  bench.parts.refresh_credential = [&](const std::string& key, std::function<void(bool)> answer) {
    refreshed.push_back(key);
    done = std::move(answer);
  };
  speak_http(bench);
  REQUIRE(bench.start());
  bench.publish(10);
  bench.loop.answer(401);
  REQUIRE(refreshed.size() == 1);
  bench.publish(20);
  CHECK(bench.loop.sent.empty());  // nobody else tries in the meantime
  done(true);
  bench.loop.settle();
  CHECK(bench.loop.sent.size() == 2);
  CHECK(bench.script.seen()[1].ids.front() == "e1");
  CHECK(bench.script.seen()[1].attempt == 0);  // no retry
  bench.loop.answer(401);
  CHECK(refreshed.size() == 1);
  CHECK(bench.state() == LaneState::held_auth);
}

TEST_CASE("an unchanged credential holds the exporter: one event as a probe each minute, no dead letters") {
  LaneBench bench(with_secret());
  Keys keys{bench.clock};
  bench.parts.credentials = &keys.store;
  bench.parts.refresh_credential = [](const std::string&, std::function<void(bool)> done) { done(false); };
  speak_http(bench);
  REQUIRE(bench.start());
  bench.publish(10);
  bench.loop.answer(401);
  CHECK(bench.state() == LaneState::held_auth);
  CHECK(bench.lane->last_error().find("HTTP 401") != std::string::npos);
  for (int i = 0; i < 3; ++i) {
    bench.loop.advance_ms(59'999);
    CHECK(bench.loop.sent.empty());
    bench.loop.advance_ms(1);
    REQUIRE(bench.loop.sent.size() == 1);
    CHECK(bench.script.seen().back().ids == std::vector<std::string>{"e1"});
    bench.loop.answer(i < 2 ? 401 : 200);
  }
  CHECK(bench.state() == LaneState::running);
  while (!bench.loop.sent.empty()) bench.loop.answer(200);
  CHECK(bench.queued() == 0);
  CHECK(bench.dead().empty());
}

TEST_CASE("a refresh that is never answered ends in a hold") {
  LaneBench bench(with_secret());
  Keys keys{bench.clock};
  bench.parts.credentials = &keys.store;
  bench.parts.refresh_credential = [](const std::string&, std::function<void(bool)>) {};
  speak_http(bench);
  REQUIRE(bench.start());
  bench.publish(10);
  bench.loop.answer(401);
  bench.loop.advance_ms(30'000);
  CHECK(bench.state() == LaneState::held_auth);
}

TEST_CASE("a held exporter probes at once when one of its credentials has a new value, not when another one has") {
  ::setenv("CSIEM_UNIT_TEST_ROTATED", "the-old-value", 1);
  auto settings = quiet_settings();
  settings.fallback.secrets.push_back({"token", "cred:CSIEM_UNIT_TEST_ROTATED", "", {}});
  LaneBench bench(settings);
  Keys keys{bench.clock};
  bench.parts.credentials = &keys.store;
  REQUIRE(bench.start());
  CHECK(keys.store.resolve().empty());
  bench.lane->credentials_changed();
  speak_http(bench);
  bench.publish(10);
  bench.loop.answer(401);
  REQUIRE(bench.state() == LaneState::held_auth);
  bench.loop.advance_ms(31'000);
  bench.lane->credentials_changed();
  bench.loop.settle();
  CHECK(bench.loop.sent.empty());
  ::setenv("CSIEM_UNIT_TEST_ROTATED", "the-new-value", 1);
  const auto changed = keys.store.refresh("CSIEM_UNIT_TEST_ROTATED");
  ::unsetenv("CSIEM_UNIT_TEST_ROTATED");
  REQUIRE(changed);
  CHECK(*changed);
  bench.lane->credentials_changed();
  bench.loop.settle();
  REQUIRE(bench.loop.sent.size() == 1);
  while (!bench.loop.sent.empty()) bench.loop.answer(200);
  CHECK(bench.state() == LaneState::running);
  CHECK(bench.queued() == 0);
}

TEST_CASE("a missing destination holds the exporter and never makes dead letters") {
  LaneBench bench;
  speak_http(bench);
  REQUIRE(bench.start());
  bench.publish(10);
  bench.loop.answer(404);
  CHECK(bench.state() == LaneState::held_destination);
  bench.loop.advance_ms(60'000);
  REQUIRE(bench.loop.sent.size() == 1);
  bench.loop.answer(404);
  bench.loop.advance_ms(60'000);
  bench.loop.answer(200);
  while (!bench.loop.sent.empty()) bench.loop.answer(200);
  CHECK(bench.state() == LaneState::running);
  CHECK(bench.queued() == 0);
  CHECK(bench.dead().empty());
}

TEST_CASE("a lane without its credentials starts when they are there") {
  auto settings = quiet_settings();
  settings.fallback.secrets.push_back({"token", "cred:CSIEM_UNIT_TEST_NOT_SET", "", {}});
  LaneBench bench(settings);
  Keys keys{bench.clock};
  bench.parts.credentials = &keys.store;
  REQUIRE(bench.start());
  bench.publish(10);
  CHECK(bench.state() == LaneState::starting);
  CHECK(bench.script.submits() == 0);
  ::setenv("CSIEM_UNIT_TEST_NOT_SET", "now-it-is-there", 1);
  CHECK(keys.store.resolve().empty());
  ::unsetenv("CSIEM_UNIT_TEST_NOT_SET");
  bench.lane->credentials_changed();
  bench.loop.settle();
  CHECK(bench.state() == LaneState::running);
  CHECK(bench.queued() == 0);
}

TEST_CASE("a second, a forged and a late completion change nothing and are strikes") {
  LaneBench bench;
  uint64_t last = 0;
  FakeInstance* instance = nullptr;
  bench.script.on_submit = [&](FakeInstance& self, const csiem_batch&, uint64_t token) {
    instance = &self;
    last = token;
    return CSIEM_OK;
  };
  REQUIRE(bench.start());
  bench.publish(10);
  CHECK(instance->complete(last + 1, CSIEM_DELIVERED) == CSIEM_E_CLOSED);
  CHECK(instance->complete(last, CSIEM_DELIVERED) == CSIEM_OK);
  CHECK(instance->complete(last, CSIEM_REJECT) == CSIEM_E_CLOSED);
  bench.loop.settle();
  CHECK(instance->complete(last, CSIEM_REJECT) == CSIEM_E_CLOSED);
  bench.loop.settle();
  CHECK(bench.lane->stats().strikes == 3);
  CHECK(bench.cursor->total(store::Fate::delivered) == 10);
  CHECK(bench.dead().empty());
}

TEST_CASE("a batch of which nothing is heard is cancelled, retried and a strike") {
  LaneBench bench;
  uint64_t first = 0;
  FakeInstance* instance = nullptr;
  bench.script.on_submit = [&](FakeInstance& self, const csiem_batch&, uint64_t token) -> csiem_status {
    instance = &self;
    if (first != 0) return self.complete(token, CSIEM_DELIVERED);
    first = token;
    return CSIEM_OK;
  };
  REQUIRE(bench.start());
  bench.publish(10);
  bench.loop.advance_ms(59'999);
  CHECK(bench.script.cancelled().empty());
  bench.loop.advance_ms(1);
  CHECK(bench.script.cancelled() == std::vector<uint64_t>{first});
  CHECK(bench.lane->stats().strikes == 1);
  CHECK(bench.lane->stats().duplicates_possible == 10);
  bench.loop.advance_ms(1000);
  CHECK(bench.queued() == 0);
  CHECK(instance->complete(first, CSIEM_REJECT) == CSIEM_E_CLOSED);
}

TEST_CASE("as long as a request is on the wire the batch is not lost") {
  LaneBench bench;
  speak_http(bench);
  REQUIRE(bench.start());
  bench.publish(10);
  bench.loop.advance_ms(10 * 60'000);
  bench.publish(1);  // the lane looks
  CHECK(bench.script.cancelled().empty());
  bench.loop.answer(200);
  CHECK(bench.queued() == 1);
}

TEST_CASE("ten strikes park the lane with its events; one is forgiven each minute") {
  for (const bool slowly : {false, true}) {
    LaneBench bench;
    REQUIRE(bench.start());
    bench.publish(10);
    FakeInstance* instance = bench.script.instances.front();
    for (int i = 0; i < 10; ++i) {
      bench.loop.advance_ms(slowly ? 61'000 : 0);
      CHECK(instance->complete(12345, CSIEM_DELIVERED) == CSIEM_E_CLOSED);
      bench.loop.settle();
    }
    bench.publish(10);
    CHECK(bench.lane->stats().strikes == 10);
    CHECK(bench.state() == (slowly ? LaneState::running : LaneState::parked));
    CHECK(bench.queued() == (slowly ? 0 : 10));
  }
}

TEST_CASE("an exception out of submit is one strike and the batch is retried") {
  LaneBench bench;
  int calls = 0;
  bench.script.on_submit = [&](FakeInstance& self, const csiem_batch&, uint64_t token) -> csiem_status {
    if (calls++ == 0) throw std::runtime_error("oops");
    return self.complete(token, CSIEM_DELIVERED);
  };
  REQUIRE(bench.start());
  bench.publish(10);
  CHECK(bench.lane->stats().strikes == 1);
  bench.loop.advance_ms(1000);
  CHECK(bench.queued() == 0);
  CHECK(calls == 2);
}

TEST_CASE("a submit that fails is a strike and the batch is retried") {
  LaneBench bench;
  int calls = 0;
  bench.script.on_submit = [&](FakeInstance& self, const csiem_batch&, uint64_t token) -> csiem_status {
    if (calls++ == 0) return CSIEM_E_INVALID;
    return self.complete(token, CSIEM_DELIVERED);
  };
  REQUIRE(bench.start());
  bench.publish(10);
  CHECK(bench.lane->stats().strikes == 1);
  bench.loop.advance_ms(1000);
  CHECK(bench.queued() == 0);
}

TEST_CASE("a lane tells how often it sent an event that has not ended") {
  LaneBench bench;
  speak_http(bench);
  REQUIRE(bench.start());
  std::vector<uint32_t> made;
  const auto ask = [&](store::Sequence sequence) {
    CHECK(bench.lane->ask(sequence, [&](const delivery::Attempts& attempts) { made.push_back(attempts.made); }));
    bench.loop.settle();
  };
  bench.publish(12);  // two do not fill a batch
  ask(3);             // in flight
  bench.loop.answer(503);
  ask(3);  // waits for its next attempt
  ask(12);
  ask(13);  // not here
  bench.loop.advance_ms(10'000);
  ask(10);
  CHECK(made == std::vector<uint32_t>{1, 1, 0, 0, 2});
  while (!bench.loop.sent.empty()) bench.loop.answer(200);
  ask(3);
  CHECK(made.back() == 0);
  bench.lane->shut();
  CHECK_FALSE(bench.lane->ask(3, [](const delivery::Attempts&) {}));
}

TEST_CASE("an ambiguous failure is retried and counted as a possible duplicate") {
  LaneBench bench;
  speak_http(bench);
  REQUIRE(bench.start());
  bench.publish(10);
  bench.loop.answer(0, 0, http::Transport::timeout, true);
  CHECK(bench.lane->stats().duplicates_possible == 10);
  bench.loop.advance_ms(1000);
  bench.loop.answer(200);
  CHECK(bench.queued() == 0);
}

TEST_CASE("requests of a lost loop are answered as reset, and the lane goes on elsewhere") {
  LaneBench bench;
  speak_http(bench);
  REQUIRE(bench.start());
  bench.publish(20);
  CHECK(bench.loop.sent.size() == 2);
  HandLoop other(bench.clock);
  bench.lane->move_to(other);
  bench.publish(5);  // the old loop is not turned any more
  other.settle();
  CHECK(bench.lane->stats().duplicates_possible == 20);
  other.advance_ms(1000);
  REQUIRE(other.sent.size() == 2);
  while (!other.sent.empty()) other.answer(200);
  other.advance_ms(1000);
  while (!other.sent.empty()) other.answer(200);
  CHECK(bench.queued() == 0);
  CHECK(bench.lane->stats().strikes == 0);
  CHECK_FALSE(bench.cursor->broken());
  bench.lane->shut();
}
