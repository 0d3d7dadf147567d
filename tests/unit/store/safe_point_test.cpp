// store.durability = "interval": what a power cut and a crash leave.
#include <doctest/doctest.h>

#include <filesystem>
#include <fstream>

#include "store/inspect.hpp"
#include "store/safe_point.hpp"
#include "store_bench.hpp"

using namespace csiem;
using namespace csiem::store;
using namespace csiem::test;

namespace {

Options lazy_options(const std::string& directory, const std::string& boot_id) {
  Options options = options_for(directory);
  options.durability = Durability::interval;
  options.sync_interval_ms = 3'600'000;  // flush() alone syncs
  options.max_bytes = 16U << 20;
  options.boot_id = boot_id;
  return options;
}

// A running store with five synced events and five that are committed but not synced, as it lies on the disk.
struct Running {
  TemporaryDirectory dir;
  std::unique_ptr<Store> store;
  std::unique_ptr<FakeLane> lane;
  Running() : store(*store::open_store(lazy_options(dir.path(), "first boot"))) {
    lane = std::make_unique<FakeLane>(*store, "out");
    Numbers made;
    REQUIRE(store->append(made.batch(5), "audit", "5"));
    REQUIRE(store->flush());
    REQUIRE(store->append(made.batch(5), "audit", "10"));
    REQUIRE(lane->has(10));
  }
  // The checkpoint is committed with the events, so it tells how many there are.
  void copy_to(const std::string& directory) const {
    std::filesystem::create_directories(directory);
    std::filesystem::copy(dir / "store", directory + "/store");
  }
};

std::string checkpoint_after(const std::string& directory, const std::string& boot_id,
                             Durability durability = Durability::interval) {
  auto options = lazy_options(directory, boot_id);
  options.durability = durability;
  const auto opened = store::open_store(options);
  REQUIRE(opened);
  FakeLane lane(**opened, "out", true);
  CHECK(soon([&] { return lane.cursor().ledger().queued() == 0; }));
  CHECK(std::to_string(lane.arrived().size()) == (*opened)->checkpoint("audit"));
  return (*opened)->checkpoint("audit");
}

}  // namespace

TEST_CASE("a crash loses nothing that was not synced, a power cut loses exactly that") {
  const Running running;
  const TemporaryDirectory crashed, cut;
  running.copy_to(crashed.path());
  running.copy_to(cut.path());
  CHECK(checkpoint_after(crashed.path(), "first boot") == "10");
  CHECK(checkpoint_after(cut.path(), "second boot") == "5");
}

TEST_CASE("after a clean end there is nothing to go back to") {
  const TemporaryDirectory dir;
  {
    const auto store = *store::open_store(lazy_options(dir.path(), "first boot"));
    FakeLane lane(*store, "out");
    REQUIRE(store->append(Numbers().batch(5), "audit", "5"));
    REQUIRE(lane.has(5));
  }
  CHECK(checkpoint_after(dir.path(), "second boot") == "5");
}

TEST_CASE("who only reads does not trust the file after a power cut, who repairs goes back") {
  const Running running;
  const TemporaryDirectory cut;
  running.copy_to(cut.path());
  // The recorded boot is not this machine's.
  const auto refused = Inspector::open(cut.path(), Inspector::Access::read);
  REQUIRE_FALSE(refused);
  CHECK(refused.error().message_code() == 5015);
  {
    auto repaired = Inspector::open(cut.path(), Inspector::Access::change);
    REQUIRE(repaired);
    CHECK(repaired->check([](uint64_t, uint64_t) {})->clean());
    CHECK(repaired->tail()->next == 6);
  }
  CHECK(Inspector::open(cut.path(), Inspector::Access::read));
}

TEST_CASE("a store that waits for the disk again never goes back to what it no longer keeps") {
  for (const Durability durability : {Durability::sync, Durability::none}) {
    const Running running;
    const TemporaryDirectory dir;
    running.copy_to(dir.path());
    {
      auto options = lazy_options(dir.path(), "first boot");
      options.durability = durability;
      const auto store = *store::open_store(options);
      Numbers made(11);
      REQUIRE(store->append(made.batch(5), "audit", "15"));
      REQUIRE(store->flush());
    }
    CHECK(checkpoint_after(dir.path(), "second boot", durability) == "15");
  }
}

TEST_CASE("going back is done as often as the power fails in the middle of it") {
  const Running running;
  const TemporaryDirectory dir;
  running.copy_to(dir.path());
  const auto data = dir / "store/data.mdb";
  const auto safe_point = SafePoint::open(dir / "store", "second boot", false);
  REQUIRE(safe_point);
  REQUIRE(safe_point->power_was_lost());
  REQUIRE(safe_point->restore(data));
  CHECK(SafePoint::open(dir / "store", "third boot", false)->power_was_lost());
  CHECK(checkpoint_after(dir.path(), "third boot") == "5");
  CHECK_FALSE(SafePoint::open(dir / "store", "fourth boot", true)->in_use());
}

TEST_CASE("a torn safe point leaves the one before") {
  const Running running;
  const TemporaryDirectory dir;
  running.copy_to(dir.path());
  const auto path = dir / "store/safe-point";
  const int64_t newest = SafePoint::open(dir / "store", "x", true)->saved_unix_ns();
  for (const std::size_t slot : {0U, 1U}) {
    const TemporaryDirectory torn;
    std::filesystem::copy(dir / "store", torn / "store");
    std::fstream file(torn / "store/safe-point", std::ios::in | std::ios::out | std::ios::binary);
    file.seekp(static_cast<std::streamoff>(slot * 4096 + 100));
    file.put('\x55');
    file.close();
    const auto opened = SafePoint::open(torn / "store", "x", true);
    REQUIRE(opened);
    CHECK(opened->power_was_lost());
    CHECK(opened->saved_unix_ns() <= newest);
    CHECK(opened->saved_unix_ns() != 0);
  }
  std::filesystem::resize_file(path, 0);
  CHECK_FALSE(SafePoint::open(dir / "store", "x", true)->in_use());
}

TEST_CASE("without a name for the time since the start every unclean end counts as a power cut") {
  const Running running;
  const TemporaryDirectory dir;
  running.copy_to(dir.path());
  CHECK(SafePoint::open(dir / "store", "first boot", true)->power_was_lost() == false);
  CHECK(SafePoint::open(dir / "store", "first boo", true)->power_was_lost());
  CHECK(SafePoint::open(dir / "store", "first boots", true)->power_was_lost());
}

TEST_CASE("what is kept for going back is bounded: a full map is synced before its time") {
  const TemporaryDirectory dir;
  const auto options = lazy_options(dir.path(), "first boot");
  const auto store = *store::open_store(options);
  FakeLane lane(*store, "out", true);
  Numbers made;
  constexpr std::size_t kBatches = 600, kEvents = 100, kPadding = 2000;
  static_assert(kBatches * kEvents * kPadding > (16U << 20) + Database::kReserveBytes);
  for (std::size_t i = 1; i <= kBatches; ++i) {
    REQUIRE(soon([&] { return !store->must_wait(); }));
    REQUIRE(store->append(made.batch(kEvents, 0, kPadding), "audit", std::to_string(i)));
    if (i % 20 == 0) REQUIRE(lane.has(i * kEvents));
  }
  CHECK(lane.has(kBatches * kEvents));
  CHECK(store->health() == Health::ok);
  CHECK(lane.cursor().ledger().dropped() == 0);
  CHECK(std::filesystem::file_size(dir / "store/data.mdb") <= options.max_bytes + Database::kReserveBytes);
}
