#include <doctest/doctest.h>

#include <algorithm>
#include <map>
#include <random>

#include "store/database.hpp"
#include "store_bench.hpp"

using namespace csiem;
using namespace csiem::store;
using namespace csiem::test;

namespace {

std::vector<int> sorted(std::vector<int> values) {
  std::sort(values.begin(), values.end());
  return values;
}

CursorOptions small_window(const std::string& id) {
  CursorOptions options;
  options.exporter_id = id;
  options.window_bytes = 1;  // one batch at a time
  return options;
}

}  // namespace

TEST_CASE("an exporter that lags gets everything in order, from memory or from the log") {
  for (const std::size_t ring_bytes : {std::size_t{32} << 20, std::size_t{0}}) {
    CAPTURE(ring_bytes);
    const TemporaryDirectory dir;
    auto options = options_for(dir.path());
    options.ring_bytes = ring_bytes;
    const auto store = *store::open_store(options);
    FakeLane slow(*store, small_window("slow"));
    FakeLane fast(*store, "fast", true);
    Numbers made;
    for (int i = 0; i < 50; ++i) REQUIRE(store->append(made.batch(20), "audit", std::to_string(i)));
    REQUIRE(store->flush());
    REQUIRE(fast.has(1000));
    REQUIRE(slow.has(20));
    CHECK(slow.arrived().size() == 20);  // holds one batch, whatever came
    CHECK(slow.cursor().ledger().queued() == 1000);
    slow.settle_everything();
    REQUIRE(slow.has(1000));
    CHECK(slow.arrived() == numbers(1, 1000));
    CHECK(soon([&] { return slow.cursor().ledger().queued() == 0; }));
    CHECK(slow.cursor().ledger().delivered == 1000);
  }
}

TEST_CASE("severe events overtake a backlog, and come once") {
  const TemporaryDirectory dir;
  const auto store = open_store(dir.path());
  FakeLane lane(*store, small_window("out"));
  auto in_order = small_window("ordered");
  in_order.ordered = true;
  FakeLane ordered(*store, in_order);
  Numbers made;
  REQUIRE(store->append(made.batch(10), "audit", "1"));
  REQUIRE(store->append(made.batch(10), "audit", "2"));
  REQUIRE(store->append(made.batch({0, 4, 4, 0, 0, 4}), "audit", "3"));  // 21 to 26
  REQUIRE(store->append(made.batch(10), "audit", "4"));
  REQUIRE(lane.has(13));
  auto first = lane.arrived();
  CHECK(std::vector<int>(first.begin() + 10, first.end()) == std::vector<int>{22, 23, 26});
  lane.settle_everything();
  ordered.settle_everything();
  REQUIRE(lane.has(36));
  REQUIRE(ordered.has(36));
  CHECK(sorted(lane.arrived()) == numbers(1, 36));
  CHECK(ordered.arrived() == numbers(1, 36));
  CHECK(soon([&] { return lane.cursor().ledger().delivered == 36; }));
}

TEST_CASE("after a restart the severe events of the backlog go first, and nothing settled comes again") {
  const TemporaryDirectory dir;
  {
    const auto store = open_store(dir.path());
    FakeLane lane(*store, small_window("out"));
    Numbers made;
    for (int i = 0; i < 20; ++i) REQUIRE(store->append(made.batch(10), "audit", "1"));
    REQUIRE(store->append(made.batch({0, 4, 0, 4}), "audit", "2"));  // 201 to 204
    REQUIRE(lane.has(12));
    lane.settle_first();  // 1 to 10
    lane.settle_first();  // 202
    REQUIRE(store->flush());
  }
  const auto store = open_store(dir.path());
  FakeLane lane(*store, small_window("out"));
  REQUIRE(lane.has(11));
  CHECK(lane.arrived().front() == 204);
  lane.settle_everything();
  REQUIRE(lane.has(193));
  std::vector<int> want = numbers(11, 204);
  std::erase(want, 202);
  CHECK(sorted(lane.arrived()) == want);
  CHECK(soon([&] { return lane.cursor().ledger().delivered == 204; }));
}

TEST_CASE("a new exporter begins now, at the oldest event, or at a time") {
  const TemporaryDirectory dir;
  ManualClock clock;
  auto options = options_for(dir.path());
  options.clock = &clock;
  const auto store = *store::open_store(options);
  FakeLane keeper(*store, small_window("keeper"));
  Numbers made;
  REQUIRE(store->append(made.batch(10), "audit", "1"));
  clock.advance_ms(1000);
  const int64_t later = clock.unix_ns();
  REQUIRE(store->append(made.batch(10), "audit", "2"));
  REQUIRE(store->flush());
  FakeLane now(*store, "now", true);
  FakeLane oldest(*store, {.exporter_id = "oldest", .start = CursorOptions::Start::oldest}, true);
  FakeLane timed(*store, {.exporter_id = "timed", .start = CursorOptions::Start::time, .start_unix_ns = later}, true);
  REQUIRE(store->append(made.batch(5), "audit", "3"));
  REQUIRE(now.has(5));
  REQUIRE(oldest.has(25));
  REQUIRE(timed.has(15));
  CHECK(now.arrived() == numbers(21, 25));
  CHECK(oldest.arrived() == numbers(1, 25));
  CHECK(timed.arrived() == numbers(11, 25));
}

TEST_CASE("a damaged block and an unreadable event are lost by exact number, and the rest goes on") {
  const TemporaryDirectory dir;
  {
    const auto store = open_store(dir.path());
    FakeLane keeper(*store, small_window("out"));
    Numbers made;
    event::BatchBuilder builder(event::BatchPool::create());
    REQUIRE(store->append(made.batch(10), "audit", "1"));
    REQUIRE(store->append(made.batch(10), "audit", "2"));
    for (const char* text : {"21:0:x", "22:0:x", "23:0:x"}) add_event(text, builder);
    builder.events()[1].canonical_json = {"unreadable", 10};
    REQUIRE(store->append(builder.seal(0), "audit", "3"));
    REQUIRE(keeper.has(10));
    REQUIRE(store->flush());
  }
  {
    auto database = *Database::open({.directory = dir / "store"});
    auto txn = *database.write();
    std::string block((*database.block_at(txn, 11))->bytes);
    block[block.size() - 5] ^= 1;
    const auto log = *txn.open("log", MDB_INTEGERKEY);
    REQUIRE(txn.put(log, lmdb::NumberKey(11), block));
    REQUIRE(txn.commit());
  }
  {
    const auto store = open_store(dir.path());
    FakeLane lane(*store, "out", true);
    REQUIRE(lane.has(12));
    CHECK(soon([&] { return lane.cursor().ledger().queued() == 0; }));
    std::vector<int> want = numbers(1, 10);
    want.insert(want.end(), {21, 23});
    CHECK(lane.arrived() == want);
    CHECK(lane.cursor().ledger().lost == 11);
    CHECK(lane.cursor().ledger().delivered == 12);
    REQUIRE(store->flush());
  }
  const auto database = *Database::open({.directory = dir / "store"});
  auto txn = *database.read();
  std::string quarantined;
  REQUIRE(database.walk_quarantine(txn, [&](std::string_view, std::string_view line) {
    quarantined += line;
    return true;
  }));
  CHECK(quarantined.find("damaged_block") != std::string::npos);
}

TEST_CASE("many exporters of all speeds, and restarts: every event once per process that settles, ledger balanced") {
  const TemporaryDirectory dir;
  std::mt19937 random(5);
  int sent = 0;
  std::map<std::string, std::vector<int>> got;
  for (int round = 0; round < 4; ++round) {
    auto options = options_for(dir.path());
    options.ring_bytes = 40'000;
    const auto store = *store::open_store(options);
    std::vector<std::unique_ptr<FakeLane>> lanes;
    for (const char* id : {"a", "b", "c"}) {
      auto cursor = small_window(id);
      cursor.window_bytes = id[0] == 'a' ? std::size_t{16} << 20 : 1;
      lanes.push_back(std::make_unique<FakeLane>(*store, cursor, true));
    }
    Numbers made(sent + 1);
    for (int i = 0; i < 300; ++i) {
      std::vector<int> severities(1 + random() % 30);
      for (int& severity : severities) severity = random() % 50 == 0 ? 4 : 0;
      sent += static_cast<int>(severities.size());
      REQUIRE(store->append(made.batch(severities), "audit", std::to_string(sent)));
    }
    REQUIRE(store->flush());
    for (auto& lane : lanes) {
      CHECK(soon([&] { return lane->cursor().ledger().queued() == 0; }));
      CHECK(lane->cursor().ledger().delivered == static_cast<uint64_t>(sent));
    }
    for (std::size_t i = 0; i < lanes.size(); ++i) {
      auto& all = got[std::string(1, static_cast<char>('a' + i))];
      const auto more = lanes[i]->arrived();
      all.insert(all.end(), more.begin(), more.end());
    }
    REQUIRE(store->flush());
  }
  for (auto& [id, all] : got) CHECK(sorted(all) == numbers(1, sent));
}

TEST_CASE("what a lane lets go makes room, and what it gives back comes again from memory or from the log") {
  for (const std::size_t ring_bytes : {std::size_t{32} << 20, std::size_t{0}}) {
    CAPTURE(ring_bytes);
    const TemporaryDirectory dir;
    auto options = options_for(dir.path());
    options.ring_bytes = ring_bytes;
    const auto store = *store::open_store(options);
    FakeLane lane(*store, small_window("out"));
    Numbers made;
    for (int i = 0; i < 5; ++i) REQUIRE(store->append(made.batch(10), "audit", std::to_string(i)));
    REQUIRE(lane.has(10));
    REQUIRE(lane.cursor().gives_again());
    for (Sequence any = 3; any < 50; any += 10) {
      REQUIRE(lane.has(static_cast<std::size_t>(any / 10 + 1) * 10));
      lane.cursor().let_go(any);
    }
    CHECK(lane.arrived() == numbers(1, 50));
    CHECK(lane.cursor().ledger().queued() == 50);
    lane.cursor().settle(1, 12, {12, 0, 0, 0});
    lane.cursor().give_back(13, 20);
    lane.cursor().give_back(21, 25);
    REQUIRE(lane.has(58));
    lane.cursor().let_go(13);
    REQUIRE(lane.has(63));
    auto again = lane.arrived();
    again.erase(again.begin(), again.begin() + 50);
    CHECK(again == numbers(13, 25));
    lane.cursor().settle(13, 50, {38, 0, 0, 0});
    CHECK(lane.cursor().ledger().queued() == 0);
  }
}
