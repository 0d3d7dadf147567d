// The disk's free space, the age and growth of dead letters, and the figures of the store.
#include <doctest/doctest.h>

#include "store/dead_letters.hpp"
#include "store/disk_watch.hpp"
#include "store/growth_alarm.hpp"
#include "store_bench.hpp"

using namespace csiem;
using namespace csiem::store;
using namespace csiem::test;

namespace {

constexpr uint64_t kMiB = 1 << 20, kGiB = 1 << 30;

// Gives up every event that the lane holds; `age_ms` ago for the dead letters' age.
void bury(store::Store& store, Cursor& cursor, Sequence first, Sequence last, int64_t last_attempt_unix_ns) {
  for (Sequence at = first; at <= last; ++at) {
    DeadLetter letter;
    letter.sequence = at;
    letter.event_id = "id-" + std::to_string(at);
    letter.error_class = "rejected";
    letter.last_attempt_unix_ns = last_attempt_unix_ns;
    letter.event_json = std::string(1000, 'x');
    cursor.dead_letter(letter);
  }
  cursor.settle(first, last, {0, 0, last - first + 1, 0});
  REQUIRE(store.flush());
}

uint64_t letters(const store::Store& store, const std::string& id) {
  for (const auto& exporter : store.figures().exporters)
    if (exporter.id == id) return exporter.letters;
  return 0;
}

CursorOptions with_letters_for(const std::string& id, int64_t max_age_ms) {
  CursorOptions options;
  options.exporter_id = id;
  options.limits.dead_max_age_ms = max_age_ms;
  return options;
}

}  // namespace

TEST_CASE("the floor is a twentieth of the disk or 1 GiB, whichever is smaller") {
  CHECK(DiskWatch::floor_bytes({0, 10 * kGiB}) == kGiB / 2);
  CHECK(DiskWatch::floor_bytes({0, 4000 * kGiB}) == kGiB);
}

TEST_CASE("below the floor the disk is low unless the store's file has room inside, and it does not flutter") {
  DiskWatch disk;
  const uint64_t all = 100 * kGiB;
  CHECK_FALSE(disk.look({kGiB, all}, 0));
  CHECK_FALSE(disk.look({kGiB - 1, all}, 64 * kMiB));
  CHECK_FALSE(disk.low());
  CHECK(disk.look({kGiB - 1, all}, 31 * kMiB));
  CHECK(disk.low());
  CHECK_FALSE(disk.look({kGiB + 1, all}, 33 * kMiB));  // not enough for the way back
  CHECK(disk.low());
  CHECK(disk.look({kGiB + kGiB / 9, all}, 0));
  CHECK(disk.look({0, all}, 0));
  CHECK(disk.look({0, all}, 64 * kMiB));
  CHECK_FALSE(disk.low());
}

TEST_CASE("sources wait while the disk is nearly full, nothing is dropped, and they go on by themselves") {
  const TemporaryDirectory dir;
  std::atomic<uint64_t> free{100 * kGiB};
  ManualClock clock;
  auto options = options_for(dir.path());
  options.clock = &clock;
  options.disk_space = [&] { return DiskSpace{free.load(), 1000 * kGiB}; };
  std::atomic<int> progress{0};  // the store's thread counts until the store is gone
  const auto store = *store::open_store(options);
  FakeLane lane(*store, "out");
  store->on_progress([&] { ++progress; });
  Numbers made;
  REQUIRE(store->append(made.batch(5), "audit", "1"));
  REQUIRE(store->flush());
  CHECK_FALSE(store->must_wait());
  CHECK(store->health_code() == 0);

  free = kGiB / 2;
  clock.advance_ms(1500);
  REQUIRE(store->append(made.batch(5), "audit", "2"));
  REQUIRE(store->flush());  // what was handed over already is written
  CHECK(store->must_wait());
  CHECK(store->health() == Health::full);
  CHECK(store->health_code() == 5013);
  CHECK(store->figures().disk_free_bytes == kGiB / 2);
  CHECK(lane.has(10));
  lane.settle_everything();
  CHECK(soon([&] { return lane.cursor().ledger().delivered == 10; }));
  CHECK(lane.cursor().ledger().dropped() == 0);

  free = 2 * kGiB;
  const int before = progress;
  clock.advance_ms(1500);
  CHECK(soon([&] { return !store->must_wait(); }));
  CHECK(soon([&] { return progress > before; }));
  CHECK(store->health() == Health::ok);
}

TEST_CASE("a daemon that starts on a nearly full disk does not read") {
  const TemporaryDirectory dir;
  auto options = options_for(dir.path());
  options.disk_space = [] { return DiskSpace{kMiB, 1000 * kGiB}; };
  const auto store = *store::open_store(options);
  CHECK(soon([&] { return store->must_wait(); }));
}

TEST_CASE("dead letters that are too old go without new ones being written") {
  const TemporaryDirectory dir;
  ManualClock clock;
  auto options = options_for(dir.path());
  options.clock = &clock;
  const auto store = *store::open_store(options);
  FakeLane young(*store, with_letters_for("young", 3'600'000)), old(*store, with_letters_for("old", 86'400'000));
  Numbers made;
  REQUIRE(store->append(made.batch(20), "audit", "x"));
  REQUIRE(store->flush());
  for (FakeLane* lane : {&young, &old}) {
    REQUIRE(lane->has(20));
    bury(*store, lane->cursor(), 1, 10, clock.unix_ns());
    // Replayed in vain a moment ago: in front of the others, and younger.
    bury(*store, lane->cursor(), 11, 20, clock.unix_ns() - 1'800'000'000'000);
  }
  CHECK(letters(*store, "young") == 20);
  clock.advance_ms(2'000'000);
  REQUIRE(store->append(nullptr, "audit", "y"));
  CHECK(soon([&] {
    clock.advance_ms(1000);
    return store->flush() && letters(*store, "young") == 10;
  }));
  CHECK(letters(*store, "old") == 20);
  CHECK(store->figures().letters_dropped == 10);
}

TEST_CASE("dead letters that came of age while the daemon was down go after the start, with the limits of now") {
  const TemporaryDirectory dir;
  ManualClock clock;
  auto options = options_for(dir.path());
  options.clock = &clock;
  {
    const auto store = *store::open_store(options);
    FakeLane kept(*store, with_letters_for("kept", 3'600'000)), gone(*store, with_letters_for("gone", 3'600'000));
    Numbers made;
    REQUIRE(store->append(made.batch(10), "audit", "x"));
    REQUIRE(store->flush());
    for (FakeLane* lane : {&kept, &gone}) {
      REQUIRE(lane->has(10));
      bury(*store, lane->cursor(), 1, 10, clock.unix_ns());
    }
  }
  clock.advance_ms(7'200'000);
  const auto store = *store::open_store(options);
  FakeLane kept(*store, with_letters_for("kept", 86'400'000)), gone(*store, with_letters_for("gone", 3'600'000));
  CHECK(letters(*store, "gone") == 10);
  CHECK(soon([&] {
    clock.advance_ms(1000);
    return store->flush() && letters(*store, "gone") == 0;
  }));
  CHECK(letters(*store, "kept") == 10);
}

TEST_CASE("a clock that was wrong for a while costs no dead letters") {
  const TemporaryDirectory dir;
  ManualClock clock;
  auto options = options_for(dir.path());
  options.clock = &clock;
  const auto store = *store::open_store(options);
  FakeLane lane(*store, with_letters_for("out", 3'600'000));
  Numbers made;
  REQUIRE(store->append(made.batch(10), "audit", "x"));
  REQUIRE(store->flush());
  REQUIRE(lane.has(10));
  bury(*store, lane.cursor(), 1, 10, clock.unix_ns());
  clock.step_wall_ms(-86'400'000);
  for (int i = 0; i < 5; ++i) {
    clock.advance_ms(61'000);
    REQUIRE(store->append(nullptr, "audit", std::to_string(i)));
    REQUIRE(store->flush());
  }
  CHECK(letters(*store, "out") == 10);
}

TEST_CASE("the growth of dead letters is told once, and again after they were fewer") {
  GrowthAlarm alarm;
  CHECK_FALSE(alarm.tell("a", 7'999, 10'000));
  CHECK(alarm.tell("a", 8'000, 10'000));
  CHECK_FALSE(alarm.tell("a", 9'900, 10'000));
  CHECK(alarm.tell("b", 8'000, 10'000));
  CHECK_FALSE(alarm.tell("a", 7'500, 10'000));
  CHECK_FALSE(alarm.tell("a", 8'500, 10'000));
  CHECK_FALSE(alarm.tell("a", 6'900, 10'000));
  CHECK(alarm.tell("a", 8'500, 10'000));
}

TEST_CASE("the figures tell groups, sizes, lags and dead letters") {
  const TemporaryDirectory dir;
  ManualClock clock;
  auto options = options_for(dir.path());
  options.clock = &clock;
  const auto store = *store::open_store(options);
  FakeLane fast(*store, "fast", true), slow(*store, "slow");
  Numbers made;
  const int64_t accepted = clock.unix_ns();
  REQUIRE(store->append(made.batch(50, 0, 1000), "audit", "x"));
  REQUIRE(store->flush());
  clock.advance_ms(5000);
  REQUIRE(store->append(made.batch(1), "audit", "y"));
  REQUIRE(store->flush());
  REQUIRE(slow.has(51));
  store->quarantine({"audit", 1, 2, "not JSON", "", "rubbish"});
  bury(*store, slow.cursor(), 51, 51, clock.unix_ns());
  CHECK(soon([&] { return fast.cursor().ledger().delivered == 51; }));
  const Figures figures = store->figures();
  CHECK(figures.committed == 51);
  CHECK(figures.events == 51);
  CHECK(figures.group_events[3] == 1);  // 11 to 100
  CHECK(figures.group_events[1] == 1);
  uint64_t groups = 0;
  for (const uint64_t n : figures.group_events) groups += n;
  CHECK(groups == figures.groups);
  CHECK(figures.used_bytes > 50'000);
  CHECK(figures.quarantined == 1);
  REQUIRE(figures.exporters.size() == 2);
  CHECK(figures.exporters[0].id == "fast");
  CHECK(figures.exporters[0].lag_bytes == 0);
  CHECK(figures.exporters[0].oldest_unix_ns == 0);
  CHECK(figures.exporters[1].lag_bytes > 50'000);
  CHECK(figures.exporters[1].lag_limit_bytes == uint64_t{1} << 30);
  CHECK(figures.exporters[1].oldest_unix_ns == accepted);
  CHECK(figures.exporters[1].letters == 1);
  CHECK(figures.exporters[1].letter_bytes > 1000);
}

TEST_CASE("an exporter with dlq.enabled = false keeps no dead letters, and counts them") {
  const TemporaryDirectory dir;
  const auto store = open_store(dir.path());
  CursorOptions options;
  options.exporter_id = "out";
  options.limits.keeps_letters = false;
  FakeLane lane(*store, options);
  Numbers made;
  REQUIRE(store->append(made.batch(10), "audit", "x"));
  REQUIRE(store->flush());
  REQUIRE(lane.has(10));
  bury(*store, lane.cursor(), 1, 10, system_clock().unix_ns());
  CHECK(letters(*store, "out") == 0);
  CHECK(store->figures().letters_dropped == 10);
  CHECK(lane.cursor().ledger().dead_lettered == 10);
  CHECK(lane.cursor().ledger().queued() == 0);
}
