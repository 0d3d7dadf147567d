// When batches leave, with what, and in which order.
#include <doctest/doctest.h>

#include <algorithm>

#include "lane_bench.hpp"

using namespace csiem;
using namespace csiem::test;
using delivery::LaneState;

namespace {

constexpr int32_t kLow = CSIEM_SEV_LOW, kCritical = CSIEM_SEV_CRITICAL;

// Keeps every batch in flight until let go.
struct Keeper {
  std::deque<std::pair<FakeInstance*, uint64_t>> kept;
  explicit Keeper(Script& script) {
    script.on_submit = [this](FakeInstance& self, const csiem_batch&, uint64_t token) {
      kept.emplace_back(&self, token);
      return CSIEM_OK;
    };
  }
  void let_go(LaneBench& bench, int32_t outcome = CSIEM_DELIVERED) {
    const auto [instance, token] = kept.front();
    kept.pop_front();
    instance->complete(token, outcome);
    bench.loop.settle();
  }
};

}  // namespace

TEST_CASE("a batch leaves when it has batch_size events, the rest after flush_interval") {
  auto settings = quiet_settings();
  settings.batch_size = 3;
  LaneBench bench(settings);
  REQUIRE(bench.start());
  bench.publish(7);
  CHECK(bench.sent() == "e1 e2 e3|e4 e5 e6");
  bench.loop.advance_ms(199);
  CHECK(bench.script.submits() == 2);
  CHECK(bench.cursor->total(store::Fate::delivered) == 6);
  bench.loop.advance_ms(1);
  CHECK(bench.sent() == "e1 e2 e3|e4 e5 e6|e7");
  CHECK(bench.cursor->total(store::Fate::delivered) == 7);
  CHECK_FALSE(bench.cursor->broken());
  CHECK(bench.queued() == 0);
  CHECK(bench.state() == LaneState::running);
}

TEST_CASE("the flush interval counts from the first event of a batch and joins source batches") {
  LaneBench bench;
  REQUIRE(bench.start());
  bench.publish(1);
  bench.loop.advance_ms(150);
  bench.publish(1);
  bench.loop.advance_ms(50);
  CHECK(bench.sent() == "e1 e2");
  CHECK(bench.cursor->settled().size() == 2);
}

TEST_CASE("a batch leaves when it is full by bytes; one event over the limit travels alone") {
  auto settings = quiet_settings();
  settings.batch_max_bytes = 100;
  LaneBench bench(settings);
  REQUIRE(bench.start());
  bench.publish({{"big60-a"}, {"big60-b"}, {"big40-c"}, {"big500-d"}, {"big10-e"}});
  CHECK(bench.sent() == "big60-a|big60-b big40-c|big500-d");
  bench.loop.advance_ms(200);
  CHECK(bench.sent() == "big60-a|big60-b big40-c|big500-d|big10-e");
  CHECK(bench.script.seen()[2].bodies[0].size() == 500);
}

TEST_CASE("batch_max_bytes holds for the body with everything that the plugin writes around the events") {
  auto settings = quiet_settings();
  settings.batch_size = 1000;
  settings.batch_max_bytes = 50'000;
  settings.concurrency = 1;
  LaneBench bench(settings);
  bench.script.on_submit = [](FakeInstance& self, const csiem_batch& batch, uint64_t token) {
    std::string body;
    for (uint32_t i = 0; i < batch.count; ++i) {
      body.append(batch.bodies[i].ptr, batch.bodies[i].len);
      body.append(500, '.');
    }
    return self.request(token, "https://siem.example/in", FakeInstance::classify_usual, nullptr, {}, body);
  };
  REQUIRE(bench.start());
  std::vector<Spec> specs;
  for (int i = 0; i < 200; ++i) specs.push_back({"big1000-" + std::to_string(i)});
  specs.push_back({"big60000-alone"});  // goes all the same
  bench.publish(specs);
  bench.loop.advance_ms(200);
  std::vector<std::size_t> sizes;
  while (!bench.loop.sent.empty()) {
    sizes.push_back(bench.loop.sent.front().request.body.size());
    bench.loop.answer(200);
    bench.loop.advance_ms(200);
  }
  CHECK(bench.queued() == 0);
  CHECK(bench.cursor->total(store::Fate::delivered) == 201);
  CHECK_FALSE(bench.cursor->broken());
  CHECK(std::count_if(sizes.begin(), sizes.end(), [](std::size_t size) { return size > 50'000; }) == 1);
  CHECK(sizes.back() == 60'500);
  // 33 events fit; once the share of the envelope is known the batches are cut so.
  CHECK(sizes.size() <= 10);
  CHECK(std::any_of(sizes.begin(), sizes.end(), [](std::size_t size) { return size > 45'000 && size <= 50'000; }));
  CHECK(bench.lane->stats().strikes == 0);
  CHECK(bench.lane->stats().retries == 0);
}

TEST_CASE("the plugin's limits hold where they are smaller; an event above them is a dead letter") {
  LaneBench bench;
  bench.exporter.limits.max_events = 2;
  bench.exporter.limits.max_event_bytes = 50;
  REQUIRE(bench.start());
  bench.publish({{"a"}, {"big51-b"}, {"c"}, {"big50-d"}});
  bench.loop.advance_ms(200);
  CHECK(bench.sent() == "a c|big50-d");
  CHECK(bench.dead() == "big51-b:too_large");
  CHECK(bench.queued() == 0);
  CHECK_FALSE(bench.cursor->broken());
}

TEST_CASE("an event that cannot be formatted is a dead letter without a request") {
  LaneBench bench;
  REQUIRE(bench.start());
  bench.publish({{"a"}, {"bad-b"}, {"c"}});
  bench.loop.advance_ms(200);
  CHECK(bench.sent() == "a c");
  CHECK(bench.script.seen()[0].bodies == std::vector<std::string>{"a", "c"});
  REQUIRE(bench.dead() == "bad-b:format");
  const auto letter = bench.cursor->letters()[0];
  CHECK(letter.code == 4033);
  CHECK(letter.sequence == 2);
  CHECK(letter.plugin_version == "fake 1.2.3");
  CHECK(letter.format_version == "plain 4.5");
  CHECK(letter.config_hash.size() == 16);
  CHECK(letter.config_origin == bench.parts.settings.fallback.origin.text());
  CHECK(letter.event_json == "bad-b");
  CHECK(bench.cursor->total(store::Fate::delivered) == 2);
  CHECK(bench.cursor->total(store::Fate::dead_lettered) == 1);
}

namespace {

// Refuses bodies that hold "odd".
class NothingOdd final : public schema::Validator {
 public:
  bool check(std::string_view encoded, std::vector<schema::Violation>& violations) override {
    if (encoded.find("odd") == std::string_view::npos) return true;
    violations.push_back({"id", "odd", "in the body"});
    return false;
  }
};

}  // namespace

TEST_CASE("what breaks its schema is sent and counted, or is a dead letter that says which rule") {
  for (const auto mode : {schema::Validation::warn, schema::Validation::enforce}) {
    const bool enforce = mode == schema::Validation::enforce;
    LaneBench bench;
    bench.parts.check = std::make_unique<schema::OutputCheck>(std::make_unique<NothingOdd>(), mode, "out");
    REQUIRE(bench.start());
    bench.publish({{"a-fine"}, {"b-odd"}, {"c-fine"}});
    bench.loop.advance_ms(200);
    CHECK(bench.sent() == (enforce ? "a-fine c-fine" : "a-fine b-odd c-fine"));
    CHECK(bench.dead() == (enforce ? "b-odd:format" : ""));
    if (enforce) {
      CHECK(bench.cursor->letters()[0].code == 4037);
      CHECK(bench.cursor->letters()[0].vendor_text == "id: odd (in the body)");
    }
    CHECK(bench.lane->check()->valid() == 2);
    REQUIRE(bench.lane->check()->violations().size() == 1);
    CHECK(bench.lane->check()->violations()[0] == std::pair<std::string, uint64_t>("odd", 1));
  }
}

TEST_CASE("without a format the plugin gets no bodies") {
  LaneBench bench;
  bench.with_format = false;
  REQUIRE(bench.start());
  bench.publish(2);
  bench.loop.advance_ms(200);
  CHECK(bench.sent() == "e1 e2");
  CHECK(bench.script.seen()[0].bodies.empty());
  CHECK(bench.lane->format_name() == "none");
}

TEST_CASE("an urgent event takes its batch along at once when the lane is idle") {
  LaneBench bench;
  REQUIRE(bench.start());
  bench.publish({{"a"}, {"b", kCritical}, {"c"}});
  CHECK(bench.sent() == "a b c");
}

TEST_CASE("an urgent event does not wait for the interval behind batches in flight") {
  LaneBench bench;
  Keeper keeper(bench.script);
  REQUIRE(bench.start());
  bench.publish(20);  // both permits
  CHECK(bench.script.submits() == 2);
  bench.publish({{"x"}, {"y", kCritical}});
  CHECK(bench.script.submits() == 2);
  keeper.let_go(bench);
  CHECK(bench.script.seen().back().ids == std::vector<std::string>{"x", "y"});
}

TEST_CASE("urgent events overtake a backlog that is not rendered yet, and are sent once") {
  LaneBench bench;
  Keeper keeper(bench.script);
  REQUIRE(bench.start());
  for (int i = 0; i < 20; ++i) bench.publish(10);
  CHECK(bench.script.submits() == 2);
  bench.publish({{"x"}, {"y", kCritical}, {"z"}});
  keeper.let_go(bench);
  CHECK(bench.script.seen().back().ids == std::vector<std::string>{"y"});
  while (!keeper.kept.empty()) keeper.let_go(bench);
  bench.loop.advance_ms(200);
  CHECK(bench.script.seen().back().ids == std::vector<std::string>{"x", "z"});
  keeper.let_go(bench);
  CHECK(bench.queued() == 0);
  CHECK(bench.cursor->total(store::Fate::delivered) == 203);
  CHECK_FALSE(bench.cursor->broken());
}

TEST_CASE("a lane takes in what a large batch needs, and does not wait for more than it may hold") {
  auto settings = quiet_settings();
  settings.batch_size = 1'000'000;
  settings.batch_max_bytes = uint64_t{1} << 30;
  settings.flush_interval_ms = 3'600'000;
  LaneBench bench(settings);
  REQUIRE(bench.start());
  std::size_t bytes = 0, published = 0;
  while (bytes < (20U << 20)) {
    const auto batch = bench.events.batch(1000);
    bytes += batch->memory_bytes();
    ++published;
    bench.lane->publish(batch);
  }
  bench.loop.settle();
  CHECK_FALSE(bench.lane->has_enough());  // 8 MiB are enough for batches of the usual size
  CHECK(bench.script.submits() == 0);
  while (!bench.lane->has_enough()) {
    ++published;
    bench.lane->publish(bench.events.batch(1000));
  }
  bench.loop.settle();
  CHECK(bench.script.submits() == 1);
  CHECK(bench.cursor->total(store::Fate::delivered) == published * 1000);
}

TEST_CASE("a lane that lags far asks its sources to wait only before its queue would give events up") {
  constexpr uint64_t kMiB = 1U << 20;
  LaneBench bench;
  REQUIRE(bench.start());
  CHECK_FALSE(bench.lane->has_enough());
  // However little it holds at the moment: it is busy reading.
  bench.cursor->set_lag({.in_memory = false, .bytes = 700 * kMiB, .limit_bytes = 1000 * kMiB});
  CHECK_FALSE(bench.lane->has_enough());
  bench.cursor->set_lag({.in_memory = false, .bytes = 800 * kMiB, .limit_bytes = 1000 * kMiB});
  CHECK(bench.lane->has_enough());
  bench.cursor->set_lag({.in_memory = false, .bytes = 800 * kMiB, .limit_bytes = 0});
  CHECK_FALSE(bench.lane->has_enough());
}

TEST_CASE("for a lane that has just fallen behind the sources wait a moment, once, until it catches up") {
  LaneBench bench;
  REQUIRE(bench.start());
  const store::Lag near{.in_memory = false, .bytes = 5'000'000, .limit_bytes = 1U << 30};
  for (int again = 0; again < 2; ++again) {
    bench.cursor->set_lag(near);
    CHECK(bench.lane->has_enough());
    bench.loop.advance_ms(200);
    CHECK(bench.lane->has_enough());
    bench.loop.advance_ms(100);
    CHECK_FALSE(bench.lane->has_enough());  // its platform is slow
    bench.loop.advance_ms(10'000);
    CHECK_FALSE(bench.lane->has_enough());
    bench.cursor->set_lag({.in_memory = true, .bytes = 0, .limit_bytes = 1U << 30});
    CHECK_FALSE(bench.lane->has_enough());
  }
}

TEST_CASE("in order there is one batch in flight and nobody overtakes, not even on retry") {
  auto settings = quiet_settings();
  settings.ordered = true;
  settings.batch_size = 2;
  settings.concurrency = 4;
  LaneBench bench(settings);
  Keeper keeper(bench.script);
  REQUIRE(bench.start());
  bench.publish({{}, {}, {}, {}, {"x", kCritical}, {}});
  CHECK(bench.sent() == "e1 e2");
  keeper.let_go(bench, CSIEM_RETRY);
  CHECK(bench.sent() == "e1 e2");
  bench.loop.advance_ms(1000);
  CHECK(bench.sent() == "e1 e2|e1 e2");
  keeper.let_go(bench);
  keeper.let_go(bench);
  keeper.let_go(bench);
  CHECK(bench.sent() == "e1 e2|e1 e2|e3 e4|x e5");
}

TEST_CASE("no more batches are in flight than the concurrency, and no more are rendered than it can use") {
  auto settings = quiet_settings();
  settings.concurrency = 3;
  LaneBench bench(settings);
  Keeper keeper(bench.script);
  REQUIRE(bench.start());
  for (int i = 0; i < 50; ++i) bench.publish(10);
  std::size_t sent = 3;
  while (!keeper.kept.empty()) {
    CHECK(keeper.kept.size() <= 3);
    CHECK(bench.script.submits() == sent);
    keeper.let_go(bench);
    if (sent < 50) ++sent;
  }
  CHECK(bench.queued() == 0);
  CHECK(bench.cursor->settled().size() == 50);
}

TEST_CASE("filtered events are settled without being sent") {
  auto settings = quiet_settings();
  settings.filter.min_severity = kLow;
  LaneBench bench(settings);
  REQUIRE(bench.start());
  bench.publish({{"a"}, {"b", kLow}, {"c"}});
  bench.publish({{"d"}, {"e"}});
  REQUIRE(bench.cursor->settled().size() == 1);  // d and e, at once
  CHECK(bench.cursor->settled()[0].counts == std::array<uint64_t, 4>{0, 2, 0, 0});
  bench.loop.advance_ms(200);
  CHECK(bench.sent() == "b");
  CHECK(bench.cursor->settled()[1].counts == std::array<uint64_t, 4>{1, 2, 0, 0});
  CHECK(bench.lane->stats().filtered == 4);
}

TEST_CASE("a filter that drops everything works through any backlog") {
  auto settings = quiet_settings();
  settings.filter.min_severity = kLow;
  LaneBench bench(settings);
  REQUIRE(bench.start());
  for (int i = 0; i < 30; ++i) bench.lane->publish(bench.events.batch(1000));
  bench.loop.settle();
  CHECK(bench.queued() == 0);
  CHECK_FALSE(bench.loop.spinning);
}

TEST_CASE("events are regrouped by destination, the first route that matches wins") {
  auto settings = quiet_settings();
  const auto route = [&](const char* when, const char* json) {
    config::Destination destination = settings.fallback;
    auto parsed = process::Expression::parse(when);
    REQUIRE(parsed.expression);
    destination.when = std::move(parsed.expression);
    destination.settings_json = json;
    settings.routes.push_back(std::move(destination));
  };
  route(R"(event_id == "a" || event_id == "c")", R"({"index":"one"})");
  route(R"(event_id == "c" || event_id == "d")", R"({"index":"two"})");
  LaneBench bench(settings);
  REQUIRE(bench.start());
  CHECK(bench.script.alive == 3);
  bench.publish({{"a"}, {"b"}, {"c"}, {"d"}, {"e"}});
  bench.loop.advance_ms(200);
  std::map<std::string, std::vector<std::string>> by;
  for (const auto& seen : bench.script.seen()) by[seen.settings] = seen.ids;
  CHECK(by[R"({"index":"one"})"] == std::vector<std::string>{"a", "c"});
  CHECK(by[R"({"index":"two"})"] == std::vector<std::string>{"d"});
  CHECK(by["{}"] == std::vector<std::string>{"b", "e"});
  CHECK(bench.queued() == 0);
}

TEST_CASE("flush() sends what is batched, once") {
  LaneBench bench;
  REQUIRE(bench.start());
  bench.publish(2);
  bench.lane->flush();
  bench.loop.settle();
  CHECK(bench.sent() == "e1 e2");
  bench.publish(1);
  CHECK(bench.script.submits() == 1);  // the next one waits again
}

TEST_CASE("the rate limit spaces requests") {
  auto settings = quiet_settings();
  settings.batch_size = 1;
  settings.concurrency = 4;
  settings.rate_limit = {10, 2, 0};
  LaneBench bench(settings);
  bench.exporter.exporter.flags = CSIEM_EXPORTER_OWN_IO;
  REQUIRE(bench.start());
  bench.publish(5);
  CHECK(bench.script.submits() == 2);
  bench.loop.advance_ms(99);
  CHECK(bench.script.submits() == 2);
  bench.loop.advance_ms(1);
  CHECK(bench.script.submits() == 3);
  bench.loop.advance_ms(200);
  CHECK(bench.script.submits() == 5);
}

TEST_CASE("a busy plugin keeps nothing and is asked again soon") {
  LaneBench bench;
  int busy = 3;
  bench.script.on_submit = [&](FakeInstance& self, const csiem_batch&, uint64_t token) -> csiem_status {
    if (busy-- > 0) return CSIEM_E_BUSY;
    self.complete(token, CSIEM_DELIVERED);
    return CSIEM_OK;
  };
  REQUIRE(bench.start());
  bench.publish(10);
  bench.loop.advance_ms(149);
  CHECK(bench.script.submits() == 3);
  bench.loop.advance_ms(1);
  CHECK(bench.script.submits() == 4);
  CHECK(bench.script.seen()[3].attempt == 0);
  CHECK(bench.lane->stats().strikes == 0);
  CHECK(bench.queued() == 0);
}

TEST_CASE("what the plugin refuses at creation stops the lane with the plugin's words") {
  LaneBench bench;
  bench.script.on_create = [](FakeInstance&) { return CSIEM_E_INVALID; };
  const auto made = bench.start();
  REQUIRE_FALSE(made);
  CHECK(made.error().message_code() == 3009);
  CHECK(made.error().what().find("endpoint: not a URL") != std::string::npos);
}

TEST_CASE("shut() cancels what is in flight and settles nothing") {
  LaneBench bench;
  Keeper keeper(bench.script);
  REQUIRE(bench.start());
  bench.publish(15);
  const uint64_t token = keeper.kept.front().second;
  bench.lane->shut();
  CHECK(bench.script.cancelled() == std::vector<uint64_t>{token});
  CHECK(bench.script.alive == 0);
  CHECK(bench.cursor->settled().empty());
  bench.publish(3);
  bench.loop.advance_ms(1000);
  CHECK(bench.queued() == 18);
}
