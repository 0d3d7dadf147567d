#include <doctest/doctest.h>

#include <algorithm>

#include "store/dead_letters.hpp"
#include "store_bench.hpp"

using namespace csiem;
using namespace csiem::store;
using namespace csiem::test;

namespace {

CursorOptions limited(WhenFull when_full, uint64_t max_bytes) {
  CursorOptions options;
  options.exporter_id = "out";
  options.window_bytes = 1;
  options.priority_severity = 9;
  options.limits.when_full = when_full;
  options.limits.max_bytes = max_bytes;
  return options;
}

// 200 batches of two events, info and high, of about 1 kB each; the lane takes the first batch and then none.
struct Lagging {
  explicit Lagging(const CursorOptions& options) : store(open()), lane(*store, options) {
    Numbers made;
    for (int i = 0; i < 200; ++i) {
      REQUIRE(store->append(made.batch({0, 3}, 1000), "audit", "x"));
      if (i % 10 == 9) REQUIRE(store->flush());
    }
    clock.advance_ms(2000);
    REQUIRE(store->append(made.batch({0, 3}, 1000), "audit", "x"));
    REQUIRE(store->flush());
  }
  std::unique_ptr<Store> open() {
    auto options = options_for(dir.path());
    options.clock = &clock;
    return *store::open_store(options);
  }
  TemporaryDirectory dir;
  ManualClock clock;
  std::unique_ptr<Store> store;
  FakeLane lane;
};

}  // namespace

TEST_CASE("drop_lowest_severity gives up the least severe ones, exactly counted") {
  Lagging bench(limited(WhenFull::drop_lowest_severity, 250'000));
  CHECK(soon([&] { return bench.lane.cursor().ledger().dropped() > 0; }));
  bench.lane.settle_everything();
  CHECK(soon([&] { return bench.lane.cursor().ledger().queued() == 0; }));
  const Ledger ledger = bench.lane.cursor().ledger();
  CHECK(ledger.accepted == 402);
  CHECK(ledger.dropped_by[0] > 100);
  CHECK(ledger.dropped_by[3] == 0);
  CHECK(ledger.delivered + ledger.dropped() == 402);
  CHECK(bench.lane.arrived().size() == ledger.delivered);
}

TEST_CASE("it goes up step by step when that is not enough") {
  Lagging bench(limited(WhenFull::drop_lowest_severity, 50'000));
  CHECK(soon([&] { return bench.lane.cursor().ledger().dropped_by[3] > 0; }));
  const Ledger ledger = bench.lane.cursor().ledger();
  CHECK(ledger.dropped_by[0] >= 199);  // all but those on their way, and those that came later
  CHECK(ledger.dropped_by[3] < 199);
}

TEST_CASE("drop_oldest gives up whole blocks from the oldest on") {
  Lagging bench(limited(WhenFull::drop_oldest, 250'000));
  CHECK(soon([&] { return bench.lane.cursor().ledger().dropped() > 0; }));
  bench.lane.settle_everything();
  CHECK(soon([&] { return bench.lane.cursor().ledger().queued() == 0; }));
  auto arrived = bench.lane.arrived();
  const Ledger ledger = bench.lane.cursor().ledger();
  CHECK(ledger.dropped_by[0] == ledger.dropped_by[3]);
  CHECK(arrived.size() + ledger.dropped() == 402);
  CHECK(arrived[2] > 100);
  CHECK(arrived.back() == 402);
}

TEST_CASE("dlq keeps what is given up as dead letters") {
  uint64_t dead = 0;
  std::string path;
  TemporaryDirectory copy;
  {
    Lagging bench(limited(WhenFull::dead_letter, 250'000));
    CHECK(soon([&] { return bench.lane.cursor().ledger().dead_lettered > 0; }));
    REQUIRE(bench.store->flush());
    dead = bench.lane.cursor().ledger().dead_lettered;
    CHECK(bench.lane.cursor().ledger().dropped() == 0);
    std::filesystem::copy(bench.dir / "store", copy / "store");
  }
  auto database = *Database::open({.directory = copy / "store"});
  auto txn = *database.read();
  CHECK(letter_totals(txn, database, "out")->count == dead);
  REQUIRE(walk_letters(txn, database, {.exporter = "out", .error_class = "policy"}, [&](const StoredLetter& letter) {
    CHECK(letter.reason == "queue.max_bytes is reached");
    return true;
  }));
}

TEST_CASE("what is too old is given up") {
  auto options = limited(WhenFull::drop_lowest_severity, 1 << 30);
  options.limits.max_age_ms = 1000;
  Lagging bench(options);
  CHECK(soon([&] { return bench.lane.cursor().ledger().dropped() == 398; }));  // 2 on their way, 2 fresh
  CHECK(bench.lane.cursor().ledger().queued() == 4);
}

TEST_CASE("a wall clock that steps back makes nothing old, and one that is right again nothing young") {
  for (const int64_t step_ms : {int64_t{-86'400'000}, int64_t{86'400'000}}) {
    CAPTURE(step_ms);
    const TemporaryDirectory dir;
    ManualClock clock;
    auto store_options = options_for(dir.path());
    store_options.clock = &clock;
    const auto store = *store::open_store(store_options);
    auto options = limited(WhenFull::drop_lowest_severity, 1 << 30);
    options.limits.max_age_ms = 3'600'000;
    FakeLane lane(*store, options);
    Numbers made;
    for (int i = 0; i < 20; ++i) {
      REQUIRE(store->append(made.batch(2), "audit", "x"));
      REQUIRE(store->flush());
    }
    clock.step_wall_ms(step_ms);
    clock.advance_ms(2000);  // the limits are looked at once a second
    REQUIRE(store->append(made.batch(2), "audit", "x"));
    REQUIRE(store->flush());
    clock.advance_ms(2000);
    REQUIRE(store->append(made.batch(2), "audit", "x"));
    REQUIRE(store->flush());
    // What was accepted in the future is of age 0.
    CHECK(lane.cursor().ledger().dropped() == (step_ms < 0 ? 0 : 38));
  }
}

TEST_CASE("a full store holds the sources with block, and makes room by policy otherwise") {
  for (const bool block : {true, false}) {
    CAPTURE(block);
    const TemporaryDirectory dir;
    auto options = options_for(dir.path());
    options.max_bytes = 4 << 20;
    const auto store = *store::open_store(options);
    FakeLane lane(*store, limited(block ? WhenFull::block : WhenFull::drop_oldest, 1 << 30));
    Numbers made;
    int batches = 0;
    for (; batches < 400 && !store->must_wait(); ++batches) {
      REQUIRE(store->append(made.batch(20, 0, 1000), "audit", "x"));
      REQUIRE(store->flush());
      if (!block) soon([&] { return store->health() == Health::ok; });
    }
    if (block) {
      CHECK(batches < 400);
      CHECK(store->health() == Health::full);
      CHECK(lane.cursor().ledger().dropped() == 0);
      lane.settle_everything();
      CHECK(soon([&] { return lane.cursor().ledger().queued() == 0; }));
      CHECK(soon([&] { return !store->must_wait(); }));
      CHECK(lane.arrived() == numbers(1, batches * 20));
    } else {
      CHECK(batches == 400);
      CHECK(lane.cursor().ledger().dropped() > 0);
    }
  }
}
