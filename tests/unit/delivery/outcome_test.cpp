// What becomes of each event, by what the plugin said.
#include <doctest/doctest.h>

#include <algorithm>
#include <set>

#include "lane_bench.hpp"

using namespace csiem;
using namespace csiem::test;
using delivery::LaneState;

namespace {

// Refuses each batch that holds one of `bad`, without saying which.
void refuse_batches_with(LaneBench& bench, std::set<std::string> bad) {
  bench.script.on_submit = [bad = std::move(bad)](FakeInstance& self, const csiem_batch& batch, uint64_t token) {
    bool refused = false;
    for (uint32_t i = 0; i < batch.count; ++i)
      refused = refused || bad.contains(std::string(batch.events[i]->event_id.ptr, batch.events[i]->event_id.len));
    return self.complete(token, refused ? CSIEM_REJECT : CSIEM_DELIVERED, {}, 0, refused ? "400" : "", "no reason");
  };
}

}  // namespace

TEST_CASE("each event of a batch follows its own result") {
  LaneBench bench;
  int attempts = 0;
  bench.script.on_submit = [&](FakeInstance& self, const csiem_batch&, uint64_t token) {
    if (++attempts > 1) return self.complete(token, CSIEM_DELIVERED);
    return self.complete(
        token, CSIEM_DELIVERED,
        {{1, CSIEM_REJECT, "mapper"}, {3, CSIEM_RETRY, "busy"}, {4, CSIEM_SKIPPED, ""}, {8, CSIEM_RETRY, "busy"}});
  };
  REQUIRE(bench.start());
  bench.publish(10);
  CHECK(bench.dead() == "e2:rejected");
  CHECK(bench.cursor->letters()[0].vendor_code == "mapper");
  CHECK(bench.cursor->letters()[0].code == 4030);
  CHECK(bench.cursor->letters()[0].attempts == 1);
  CHECK(bench.queued() == 2);
  // What ended is settled, though some of the batch goes on: a restart now sends two events, not ten.
  CHECK(bench.cursor->total(store::Fate::delivered) == 6);
  CHECK(bench.cursor->total(store::Fate::dead_lettered) == 1);
  bench.loop.advance_ms(1000);
  CHECK(bench.sent() == "e1 e2 e3 e4 e5 e6 e7 e8 e9 e10|e4 e9");
  CHECK(bench.script.seen()[1].bodies == std::vector<std::string>{"e4", "e9"});
  CHECK(bench.script.seen()[1].attempt == 1);
  CHECK(bench.cursor->total(store::Fate::delivered) == 8);
  CHECK(bench.cursor->total(store::Fate::filtered) == 1);
  CHECK(bench.cursor->total(store::Fate::dead_lettered) == 1);
  CHECK_FALSE(bench.cursor->broken());
}

TEST_CASE("events behind the one at which the server stopped go at once and lose no attempt") {
  auto settings = quiet_settings();
  settings.retry.max_retries = 0;
  LaneBench bench(settings);
  bench.script.on_submit = [&](FakeInstance& self, const csiem_batch& batch, uint64_t token) {
    if (batch.count < 3) return self.complete(token, CSIEM_DELIVERED);
    std::vector<FakeInstance::Exception> rest{{1, CSIEM_REJECT, "6"}};
    for (uint32_t i = 2; i < batch.count; ++i) rest.push_back({i, CSIEM_RETRY, ""});
    return self.complete(token, CSIEM_DELIVERED, rest);
  };
  REQUIRE(bench.start());
  bench.publish(10);
  CHECK(bench.sent() ==
        "e1 e2 e3 e4 e5 e6 e7 e8 e9 e10|e3 e4 e5 e6 e7 e8 e9 e10|e5 e6 e7 e8 e9 e10|e7 e8 e9 e10|e9 e10");
  CHECK(bench.dead() == "e2:rejected e4:rejected e6:rejected e8:rejected");
  CHECK(bench.script.seen()[4].attempt == 0);
  CHECK(bench.lane->stats().retries == 0);
  CHECK(bench.queued() == 0);
  CHECK_FALSE(bench.cursor->broken());
}

TEST_CASE("a server that stops at each bad event does not get the rest over and over") {
  auto settings = quiet_settings();
  settings.batch_size = 1000;
  settings.concurrency = 1;
  LaneBench bench(settings);
  std::size_t carried = 0;
  bench.script.on_submit = [&](FakeInstance& self, const csiem_batch& batch, uint64_t token) {
    carried += batch.count;
    std::vector<FakeInstance::Exception> rest;
    for (uint32_t i = 0; i < batch.count;
         ++i) {  // every third one is bad: of half of them bad, the exporter would be held
      const std::string name(batch.events[i]->event_id.ptr, batch.events[i]->event_id.len);
      const bool bad = std::stoul(name.substr(1)) % 3 == 1;
      if (!rest.empty()) {
        rest.push_back({i, CSIEM_RETRY, ""});
      } else if (bad) {
        rest.push_back({i, CSIEM_REJECT, "6"});
      }
    }
    return self.complete(token, CSIEM_DELIVERED, rest);
  };
  REQUIRE(bench.start());
  bench.publish(1000);
  bench.loop.advance_ms(1000);
  CHECK(bench.cursor->total(store::Fate::delivered) + bench.cursor->letters().size() == 1000);
  CHECK(bench.cursor->letters().size() / 3 == 111);
  CHECK(bench.queued() == 0);
  CHECK(bench.lane->stats().retries == 0);
  CHECK_FALSE(bench.cursor->broken());
  // Always the whole rest would be 167 000.
  CHECK(carried < 60'000);
}

TEST_CASE("a server that stops at each event holds the exporter before any of them is given up") {
  auto settings = quiet_settings();
  settings.batch_size = 50;
  LaneBench bench(settings);
  bool repaired = false;
  bench.script.on_submit = [&](FakeInstance& self, const csiem_batch& batch, uint64_t token) {
    if (repaired) return self.complete(token, CSIEM_DELIVERED);
    std::vector<FakeInstance::Exception> rest{{0, CSIEM_REJECT, "7"}};
    for (uint32_t i = 1; i < batch.count; ++i) rest.push_back({i, CSIEM_RETRY, ""});
    return self.complete(token, CSIEM_DELIVERED, rest);
  };
  REQUIRE(bench.start());
  bench.publish(50);
  CHECK(bench.state() == LaneState::held_destination);
  CHECK(bench.dead().empty());
  CHECK(bench.script.submits() == 8);
  CHECK(bench.queued() == 50);
  repaired = true;
  bench.loop.advance_ms(60'000);
  CHECK(bench.state() == LaneState::running);
  CHECK(bench.dead().empty());
  CHECK(bench.cursor->total(store::Fate::delivered) == 50);
  CHECK_FALSE(bench.cursor->broken());
}

TEST_CASE("events refused while nothing is accepted are given up when something is, or when nothing follows") {
  for (const bool followed : {true, false}) {
    auto settings = quiet_settings();
    settings.batch_size = 3;
    LaneBench bench(settings);
    bench.script.on_submit = [&](FakeInstance& self, const csiem_batch& batch, uint64_t token) {
      std::vector<FakeInstance::Exception> bad;
      for (uint32_t i = 0; i < batch.count; ++i)
        if (std::string_view(batch.events[i]->event_id.ptr, batch.events[i]->event_id.len).starts_with("poison"))
          bad.push_back({i, CSIEM_REJECT, "mapper"});
      return self.complete(token, CSIEM_DELIVERED, bad);
    };
    REQUIRE(bench.start());
    std::vector<Spec> specs{{"poison1"}, {"poison2"}, {"poison3"}};
    if (followed) specs.resize(6);
    bench.publish(specs);
    CAPTURE(followed);
    CHECK(bench.dead() == "poison1:rejected poison2:rejected poison3:rejected");
    CHECK(bench.cursor->letters()[0].vendor_code == "mapper");
    CHECK(bench.cursor->letters()[0].attempts == 1);
    CHECK(bench.cursor->total(store::Fate::delivered) == (followed ? 3 : 0));
    CHECK(bench.queued() == 0);
    CHECK_FALSE(bench.cursor->broken());
  }
}

TEST_CASE("a whole batch is retried with the same bytes, id and key, after the backoff") {
  LaneBench bench;
  int failures = 2;
  bench.script.on_submit = [&](FakeInstance& self, const csiem_batch&, uint64_t token) {
    return self.complete(token, failures-- > 0 ? CSIEM_RETRY : CSIEM_DELIVERED);
  };
  REQUIRE(bench.start());
  bench.publish(10);
  CHECK(bench.state() == LaneState::retrying);
  bench.loop.advance_ms(999);
  CHECK(bench.script.submits() == 1);
  bench.loop.advance_ms(1);
  CHECK(bench.script.submits() == 2);
  bench.loop.advance_ms(1999);
  CHECK(bench.script.submits() == 2);
  bench.loop.advance_ms(1);
  const auto seen = bench.script.seen();
  REQUIRE(seen.size() == 3);
  for (uint32_t i = 0; i < 3; ++i) {
    CHECK(seen[i].attempt == i);
    CHECK(seen[i].batch_id == seen[0].batch_id);
    CHECK(seen[i].key == seen[0].key);
    CHECK(seen[i].bodies == seen[0].bodies);
  }
  CHECK(seen[1].token != seen[0].token);
  CHECK(bench.state() == LaneState::running);
  CHECK(bench.lane->stats().retries == 2);
}

TEST_CASE("bisection gives up exactly the bad events") {
  uint32_t seed = 7;
  const auto random = [&](uint32_t bound) { return (seed = seed * 1'664'525U + 1'013'904'223U) / 65536 % bound; };
  for (int round = 0; round < 40; ++round) {
    auto settings = quiet_settings();
    settings.batch_size = 40;
    settings.concurrency = 1 + random(3);
    LaneBench bench(settings);
    std::set<std::string> bad;
    const uint32_t k = 1 + random(6);
    while (bad.size() < k) bad.insert("e" + std::to_string(1 + random(40)));
    refuse_batches_with(bench, bad);
    REQUIRE(bench.start());
    bench.publish(25);
    bench.publish(15);
    bench.loop.advance_ms(1000);
    std::set<std::string> dead;
    for (const auto& letter : bench.cursor->letters()) dead.insert(letter.event_id);
    CAPTURE(round);
    CHECK(dead == bad);
    CHECK(bench.cursor->letters().size() == k);
    CHECK(bench.cursor->total(store::Fate::delivered) == 40 - k);
    CHECK(bench.queued() == 0);
    CHECK_FALSE(bench.cursor->broken());
    CHECK(bench.state() == LaneState::running);
  }
}

TEST_CASE("when everything is refused the exporter is held and nothing is given up, until an event is accepted") {
  auto settings = quiet_settings();
  settings.batch_size = 32;
  LaneBench bench(settings);
  bool repaired = false;
  bench.script.on_submit = [&](FakeInstance& self, const csiem_batch& batch, uint64_t token) {
    const bool poison =
        std::string(batch.events[0]->event_id.ptr, batch.events[0]->event_id.len) == "e3" && batch.count == 1;
    return self.complete(token, repaired && !poison ? CSIEM_DELIVERED : CSIEM_REJECT);
  };
  REQUIRE(bench.start());
  bench.publish(32);
  CHECK(bench.state() == LaneState::held_destination);
  CHECK(bench.dead().empty());
  const std::size_t before = bench.script.submits();
  bench.publish(64);
  bench.loop.advance_ms(59'000);
  CHECK(bench.script.submits() == before);
  bench.loop.advance_ms(1'000);
  REQUIRE(bench.script.submits() == before + 1);
  CHECK(bench.script.seen().back().ids.size() == 1);
  CHECK(bench.dead().empty());
  CHECK(bench.state() == LaneState::held_destination);
  repaired = true;
  bench.loop.advance_ms(60'000);
  CHECK(bench.state() == LaneState::running);
  CHECK(bench.dead() == "e3:rejected");
  CHECK(bench.cursor->total(store::Fate::delivered) == 95);
  CHECK(bench.queued() == 0);
  CHECK_FALSE(bench.cursor->broken());
}

TEST_CASE("a stream of batches of one is held, too, when nothing is accepted") {
  for (const bool named : {false, true}) {
    auto settings = quiet_settings();
    settings.batch_size = 1;
    LaneBench bench(settings);
    bool repaired = false;
    bench.script.on_submit = [&](FakeInstance& self, const csiem_batch&, uint64_t token) {
      if (repaired) return self.complete(token, CSIEM_DELIVERED);
      if (named) return self.complete(token, CSIEM_DELIVERED, {{0, CSIEM_REJECT, "mapper"}});
      return self.complete(token, CSIEM_REJECT);
    };
    REQUIRE(bench.start());
    for (int i = 0; i < 40; ++i) bench.publish(1);
    bench.loop.advance_ms(1'000);
    CAPTURE(named);
    CHECK(bench.state() == LaneState::held_destination);
    CHECK(bench.cursor->letters().size() == 7);
    repaired = true;
    bench.loop.advance_ms(60'000);
    CHECK(bench.state() == LaneState::running);
    CHECK(bench.cursor->letters().size() == 7);
    CHECK(bench.cursor->total(store::Fate::delivered) == 33);
    CHECK_FALSE(bench.cursor->broken());
  }
}

TEST_CASE("what was under way when everything turned out to be refused is kept as well") {
  auto settings = quiet_settings();
  settings.batch_size = 32;
  settings.concurrency = 16;
  LaneBench bench(settings);
  std::vector<std::pair<FakeInstance*, uint64_t>> open;
  bench.script.on_submit = [&](FakeInstance& self, const csiem_batch&, uint64_t token) {
    open.emplace_back(&self, token);
    return CSIEM_OK;
  };
  REQUIRE(bench.start());
  for (int i = 0; i < 8; ++i) bench.publish(32);
  for (int round = 0; round < 40 && !open.empty(); ++round) {
    const auto batch = std::exchange(open, {});
    for (const auto& [self, token] : batch) self->complete(token, CSIEM_REJECT);
    bench.loop.advance_ms(100);
  }
  CHECK(bench.state() == LaneState::held_destination);
  CHECK(bench.dead().empty());
  CHECK(bench.queued() == 256);
  bench.script.on_submit = [](FakeInstance& self, const csiem_batch&, uint64_t token) {
    return self.complete(token, CSIEM_DELIVERED);
  };
  bench.loop.advance_ms(60'000);
  CHECK(bench.cursor->total(store::Fate::delivered) == 256);
  CHECK_FALSE(bench.cursor->broken());
}

TEST_CASE("what was kept and is refused again after something was accepted is given up") {
  auto settings = quiet_settings();
  settings.batch_size = 20;
  LaneBench bench(settings);
  bench.script.on_submit = [](FakeInstance& self, const csiem_batch& batch, uint64_t token) {
    std::vector<FakeInstance::Exception> refused;
    for (uint32_t i = 0; i < batch.count; ++i)
      if (std::string_view(batch.events[i]->event_id.ptr, batch.events[i]->event_id.len).starts_with("poison"))
        refused.push_back({i, CSIEM_REJECT, "mapper"});
    return self.complete(token, CSIEM_DELIVERED, refused);
  };
  REQUIRE(bench.start());
  std::vector<Spec> bad;
  for (int i = 0; i < 20; ++i) bad.push_back({"poison" + std::to_string(i)});
  bench.publish(bad);
  CHECK(bench.state() == LaneState::held_destination);
  CHECK(bench.dead().empty());
  bench.publish(20);
  for (int minute = 0; minute < 40 && bench.queued() > 0; ++minute) bench.loop.advance_ms(60'000);
  CHECK(bench.state() == LaneState::running);
  CHECK(bench.cursor->letters().size() == 20);
  CHECK(bench.cursor->total(store::Fate::delivered) == 20);
  CHECK_FALSE(bench.cursor->broken());
}

TEST_CASE("a batch that is too large is halved and later batches are smaller for ten minutes") {
  auto settings = quiet_settings();
  settings.batch_size = 100;
  settings.batch_max_bytes = 100'000;
  LaneBench bench(settings);
  bench.script.on_submit = [](FakeInstance& self, const csiem_batch& batch, uint64_t token) {
    std::size_t bytes = 0;
    for (uint32_t i = 0; i < batch.count; ++i) bytes += batch.bodies[i].len;
    return self.complete(token, bytes > 30'000 ? CSIEM_SPLIT : CSIEM_DELIVERED);
  };
  REQUIRE(bench.start());
  std::vector<Spec> specs;
  for (int i = 0; i < 5; ++i) specs.push_back({"big10000-" + std::to_string(i)});
  bench.publish(specs);
  bench.loop.advance_ms(200);
  CHECK(bench.sent() ==
        "big10000-0 big10000-1 big10000-2 big10000-3 big10000-4|big10000-0 big10000-1 big10000-2|"
        "big10000-3 big10000-4");
  CHECK(bench.queued() == 0);
  bench.publish(specs);  // 25 000 bytes at most now
  bench.loop.advance_ms(200);
  CHECK(bench.script.submits() == 6);
  CHECK(bench.script.seen()[3].ids.size() == 2);
  bench.loop.advance_ms(600'000);
  bench.publish(specs);
  bench.loop.advance_ms(200);
  CHECK(bench.script.seen()[6].ids.size() == 5);
}

namespace {

// Sends each batch as one request.
void send_bodies(LaneBench& bench) {
  bench.script.on_submit = [](FakeInstance& self, const csiem_batch& batch, uint64_t token) {
    std::string body;
    for (uint32_t i = 0; i < batch.count; ++i) body.append(batch.bodies[i].ptr, batch.bodies[i].len);
    return self.request(token, "https://siem.example/in", FakeInstance::classify_usual, nullptr, {}, body);
  };
}

std::vector<Spec> big(int count, const std::string& bytes) {
  std::vector<Spec> specs;
  for (int i = 0; i < count; ++i) specs.push_back({"big" + bytes + "-" + std::to_string(i)});
  return specs;
}

}  // namespace

TEST_CASE("a server that twice tears the connection under a large body is taken to mean too large") {
  auto settings = quiet_settings();
  settings.batch_size = 8;
  settings.batch_max_bytes = 1'000'000;
  settings.concurrency = 1;
  LaneBench bench(settings);
  send_bodies(bench);
  REQUIRE(bench.start());
  bench.publish(big(8, "50000"));
  REQUIRE(bench.loop.sent.size() == 1);
  bench.loop.tear();
  CHECK(bench.script.submits() == 1);
  bench.loop.advance_ms(1'000);
  REQUIRE(bench.script.submits() == 2);
  CHECK(bench.script.seen()[1].ids.size() == 8);
  bench.loop.tear();  // the second time
  REQUIRE(bench.script.submits() == 3);
  CHECK(bench.script.seen()[2].ids.size() == 4);
  CHECK(bench.script.seen()[2].attempt == 0);
  bench.loop.tear();  // a half need not fail twice
  REQUIRE(bench.script.submits() == 4);
  CHECK(bench.script.seen()[3].ids.size() == 2);
  for (int i = 0; i < 3; ++i) bench.loop.answer(200);
  CHECK(bench.queued() == 0);
  CHECK(bench.dead().empty());
  CHECK(bench.cursor->total(store::Fate::delivered) == 8);
  CHECK_FALSE(bench.cursor->broken());
}

TEST_CASE("a torn connection says nothing about the size of a small body, of one event, or once in a while") {
  struct Case {
    int events;
    const char* bytes;
    bool busy_between;
  };
  for (const Case& c : {Case{8, "8000", false}, Case{1, "500000", false}, Case{8, "50000", true}}) {
    auto settings = quiet_settings();
    settings.batch_size = 8;
    settings.batch_max_bytes = 1'000'000;
    settings.breaker.failure_threshold = 1000;
    LaneBench bench(settings);
    send_bodies(bench);
    REQUIRE(bench.start());
    bench.publish(big(c.events, c.bytes));
    bench.loop.advance_ms(200);
    for (int round = 0; round < 5; ++round) {
      REQUIRE(bench.loop.sent.size() == 1);
      if (c.busy_between && round % 2 == 1) {
        bench.loop.answer(503);
      } else {
        bench.loop.tear();
      }
      bench.loop.advance_ms(60'000);
    }
    CAPTURE(c.bytes);
    CHECK(bench.script.seen().back().ids.size() == static_cast<std::size_t>(c.events));
    CHECK(bench.script.seen().back().attempt == 5);
    CHECK(bench.dead().empty());
  }
}

TEST_CASE("a single event that is too large is a dead letter") {
  LaneBench bench;
  bench.script.on_submit = [](FakeInstance& self, const csiem_batch&, uint64_t token) {
    return self.complete(token, CSIEM_SPLIT);
  };
  REQUIRE(bench.start());
  bench.publish(1);
  bench.loop.advance_ms(200);
  CHECK(bench.dead() == "e1:too_large");
  CHECK(bench.queued() == 0);
}

TEST_CASE("max_retries counts the attempts after the first") {
  auto settings = quiet_settings();
  settings.retry.max_retries = 2;
  LaneBench bench(settings);
  bench.script.on_submit = [](FakeInstance& self, const csiem_batch&, uint64_t token) {
    return self.complete(token, CSIEM_RETRY, {}, 0, "slow", "later");
  };
  REQUIRE(bench.start());
  bench.publish(2);
  bench.loop.advance_ms(10'000);
  CHECK(bench.script.submits() == 3);
  CHECK(bench.dead() == "e1:expired e2:expired");
  CHECK(bench.cursor->letters()[0].code == 4034);
  CHECK(bench.cursor->letters()[0].attempts == 3);
  CHECK(bench.cursor->letters()[0].vendor_code == "slow");
}

TEST_CASE("max_elapsed runs while others are accepted, and stands still while the destination is down") {
  auto settings = quiet_settings();
  settings.batch_size = 1;
  settings.retry.max_elapsed_ms = 60'000;
  settings.retry.max_backoff_ms = 5'000;
  settings.concurrency = 4;
  LaneBench bench(settings);
  bool down = true;
  bench.script.on_submit = [&](FakeInstance& self, const csiem_batch& batch, uint64_t token) {
    const bool stubborn = std::string(batch.events[0]->event_id.ptr, batch.events[0]->event_id.len) == "stubborn";
    return self.complete(token, down || stubborn ? CSIEM_RETRY : CSIEM_DELIVERED);
  };
  REQUIRE(bench.start());
  bench.publish({{"stubborn"}});
  bench.loop.advance_ms(3 * 3600 * 1000);  // an outage longer than max_elapsed
  CHECK(bench.dead().empty());
  down = false;
  for (int i = 0; i < 2000 && bench.dead().empty(); ++i) {
    bench.publish(1);
    bench.loop.advance_ms(1000);
  }
  CHECK(bench.dead() == "stubborn:expired");
  CHECK(bench.cursor->total(store::Fate::delivered) > 50);
}

TEST_CASE("an unknown outcome is a retry") {
  LaneBench bench;
  int attempts = 0;
  bench.script.on_submit = [&](FakeInstance& self, const csiem_batch&, uint64_t token) {
    return self.complete(token, attempts++ == 0 ? 42 : CSIEM_DELIVERED);
  };
  REQUIRE(bench.start());
  bench.publish(10);
  bench.loop.advance_ms(1000);
  CHECK(bench.queued() == 0);
  CHECK(bench.lane->stats().retries == 1);
}

TEST_CASE("no mix of outcomes loses an event or ends one twice") {
  uint32_t seed = 99;
  const auto random = [&](uint32_t bound) { return (seed = seed * 1'664'525U + 1'013'904'223U) / 65536 % bound; };
  for (int round = 0; round < 12; ++round) {
    auto settings = quiet_settings();
    settings.batch_size = 1 + random(30);
    settings.concurrency = 1 + random(4);
    settings.ordered = random(4) == 0;
    LaneBench bench(settings);
    bench.script.on_submit = [&](FakeInstance& self, const csiem_batch& batch, uint64_t token) -> csiem_status {
      if (random(20) == 0) return CSIEM_E_BUSY;
      std::vector<FakeInstance::Exception> some;
      for (uint32_t i = 0; i < batch.count; ++i)
        if (random(6) == 0) some.push_back({i, static_cast<int32_t>(random(7)), ""});
      return self.complete(token, static_cast<int32_t>(random(3) == 0 ? random(7) : 0), some, random(9) == 0 ? 500 : 0);
    };
    REQUIRE(bench.start());
    uint64_t published = 0;
    for (int i = 0; i < 20; ++i) {
      const uint32_t n = 1 + random(40);
      published += n;
      std::vector<Spec> specs(n);
      for (Spec& spec : specs) spec.severity = static_cast<int32_t>(random(5));
      bench.publish(specs);
      bench.loop.advance_ms(random(300));
    }
    for (int i = 0; i < 2000 && bench.queued() > 0; ++i) bench.loop.advance_ms(30'000);
    CAPTURE(round);
    CHECK(bench.queued() == 0);
    CHECK(bench.lane->stats().queued_bytes == 0);
    CHECK_FALSE(bench.cursor->broken());
    CHECK_FALSE(bench.loop.spinning);
    CHECK(bench.cursor->total(store::Fate::delivered) + bench.cursor->total(store::Fate::filtered) +
              bench.cursor->total(store::Fate::dead_lettered) ==
          published);
    CHECK(bench.cursor->letters().size() == bench.cursor->total(store::Fate::dead_lettered));
  }
}
