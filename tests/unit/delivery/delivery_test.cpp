// Lanes on real threads: publishing from elsewhere, plugins with threads of their own, plugins that get stuck.
#include <doctest/doctest.h>

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <thread>

#include "lane_bench.hpp"

using namespace csiem;
using namespace csiem::test;
using delivery::LaneState;

namespace {

bool eventually(const std::function<bool()>& holds, int limit_ms = 20'000) {
  for (int i = 0; i < limit_ms / 2; ++i) {
    if (holds()) return true;
    std::this_thread::sleep_for(std::chrono::milliseconds(2));
  }
  return holds();
}

delivery::Tuning impatient() {
  delivery::Tuning tuning;
  tuning.call_limit_ms = 200;
  return tuning;
}

struct Threads {
  explicit Threads(unsigned count = 1, delivery::Tuning tuning = impatient())
      : delivery(count, system_clock(), tuning) {}

  MemoryCursor* add(config::Exporter settings) {
    delivery::LaneParts parts;
    auto cursor = std::make_unique<MemoryCursor>();
    MemoryCursor* raw = cursor.get();
    settings.flush_interval_ms = 5;
    settings.retry.initial_backoff_ms = 50;
    parts.settings = std::move(settings);
    parts.exporter = &exporter;
    parts.format = &format;
    parts.format_config_json = "{}";
    parts.cursor = std::move(cursor);
    const auto added = delivery.add_lane(std::move(parts));
    REQUIRE(added);
    cursors.push_back(raw);
    return raw;
  }
  void publish(const event::BatchRef& batch) {
    for (const MemoryCursor* cursor : cursors) cursor->deliver(batch);
  }
  const delivery::LaneStats& stats(std::size_t lane) { return *delivery.lanes()[lane].stats; }

  plugin::Component exporter = fake_exporter(CSIEM_EXPORTER_OWN_IO), format = fake_format();
  Events events;
  std::vector<MemoryCursor*> cursors;
  delivery::Delivery delivery;
};

}  // namespace

TEST_CASE("every lane gets every event, published from another thread") {
  Script one("one"), two("two"), three("three");
  Threads bench(2);
  std::vector<MemoryCursor*> cursors;
  for (const char* id : {"one", "two", "three"}) cursors.push_back(bench.add(quiet_settings(id)));
  for (int i = 0; i < 200; ++i) bench.publish(bench.events.batch(7));
  CHECK(eventually([&] { return bench.delivery.idle(); }));
  for (const MemoryCursor* cursor : cursors) {
    CHECK(cursor->total(store::Fate::delivered) == 1400);
    CHECK_FALSE(cursor->broken());
  }
  CHECK_FALSE(bench.delivery.sources_should_wait());
  CHECK(bench.delivery.lanes().size() == 3);
  CHECK(bench.delivery.lanes()[0].format == "plain");
  bench.delivery.stop();
  CHECK(one.alive + two.alive + three.alive == 0);
}

TEST_CASE("a plugin may complete from a thread of its own") {
  Script script("async");
  std::mutex mutex;
  std::condition_variable changed;
  std::deque<std::pair<FakeInstance*, uint64_t>> work;
  bool over = false;
  std::thread own([&] {
    std::unique_lock lock(mutex);
    for (;;) {
      changed.wait(lock, [&] { return over || !work.empty(); });
      if (work.empty()) return;
      const auto [instance, token] = work.front();
      work.pop_front();
      lock.unlock();
      instance->complete(token, CSIEM_DELIVERED);
      instance->complete(token + 1, CSIEM_DELIVERED);  // nonsense from elsewhere is no worse
      lock.lock();
    }
  });
  script.on_submit = [&](FakeInstance& self, const csiem_batch&, uint64_t token) {
    const std::lock_guard lock(mutex);
    work.emplace_back(&self, token);
    changed.notify_one();
    return CSIEM_OK;
  };
  delivery::Tuning tuning = impatient();
  tuning.strikes_to_park = 1'000'000;
  {
    Threads bench(1, tuning);
    MemoryCursor* cursor = bench.add(quiet_settings("async"));
    for (int i = 0; i < 100; ++i) bench.publish(bench.events.batch(10));
    CHECK(eventually([&] { return bench.delivery.idle(); }));
    CHECK(cursor->total(store::Fate::delivered) == 1000);
    CHECK_FALSE(cursor->broken());
    CHECK(eventually([&] { return bench.stats(0).strikes == 100; }));
    {
      const std::lock_guard lock(mutex);
      over = true;
      changed.notify_one();
    }
    own.join();
  }
}

TEST_CASE("a stuck plugin costs its thread; the neighbour goes on and loses nothing") {
  // The stuck thread outlives the test and may look at these.
  auto& stuck = *new Script("stuck");
  Script neighbour("neighbour");
  static std::atomic<bool> inside{false};
  stuck.on_submit = [](FakeInstance&, const csiem_batch&, uint64_t) -> csiem_status {
    inside = true;
    for (;;) std::this_thread::sleep_for(std::chrono::hours(1));
  };
  // Takes two batches before the thread is lost, and finishes them only later.
  std::mutex mutex;
  std::vector<uint64_t> taken;
  FakeInstance* instance = nullptr;
  neighbour.on_submit = [&](FakeInstance& self, const csiem_batch&, uint64_t token) -> csiem_status {
    const std::lock_guard lock(mutex);
    if (!inside) {
      instance = &self;
      taken.push_back(token);
      return CSIEM_OK;
    }
    self.complete(token, CSIEM_DELIVERED);
    return CSIEM_OK;
  };
  Threads bench;
  MemoryCursor* cursor = bench.add(quiet_settings("neighbour"));
  bench.publish(bench.events.batch(20));
  REQUIRE(eventually([&] { return neighbour.submits() == 2; }));
  bench.add(quiet_settings("stuck"));
  for (int i = 0; i < 50; ++i) bench.publish(bench.events.batch(10));
  REQUIRE(eventually([&] { return inside.load(); }));
  {
    const std::lock_guard lock(mutex);
    for (const uint64_t token : taken) CHECK(instance->complete(token, CSIEM_DELIVERED) == CSIEM_OK);
  }
  bench.delivery.watch();
  CHECK(bench.delivery.abandoned_threads() == 0);  // too early
  CHECK(eventually([&] {
    bench.delivery.watch();
    return bench.delivery.abandoned_threads() == 1;
  }));
  CHECK(eventually([&] { return bench.stats(0).queued_events == 0; }));
  CHECK(cursor->total(store::Fate::delivered) == 520);
  CHECK_FALSE(cursor->broken());
  CHECK(bench.stats(1).state == static_cast<int>(LaneState::parked));
  CHECK(bench.stats(1).queued_events == 500);
  CHECK(bench.delivery.lanes()[1].last_error.find("submit") == 0);
  CHECK_FALSE(bench.delivery.idle());
  CHECK(bench.delivery.only_stuck_left());
  bench.publish(bench.events.batch(10));
  CHECK(eventually([&] { return bench.stats(0).queued_events == 0; }));
  bench.delivery.stop();
  CHECK(neighbour.alive == 0);
}

TEST_CASE("stop() ends with batches in flight, leaves them unsettled and destroys the instances") {
  Script script("keeper");
  script.on_submit = [](FakeInstance&, const csiem_batch&, uint64_t) { return CSIEM_OK; };
  Threads bench;
  MemoryCursor* cursor = bench.add(quiet_settings("keeper"));
  bench.publish(bench.events.batch(50));
  REQUIRE(eventually([&] { return script.submits() == 2; }));
  bench.delivery.stop();
  CHECK(script.cancelled().size() == 2);
  CHECK(script.alive == 0);
  bench.delivery.stop();  // once more is harmless
  CHECK_FALSE(bench.delivery.idle());
  (void)cursor;
}

TEST_CASE("flush() sends what is waiting without its interval") {
  Script script("slow");
  Threads bench;
  auto settings = quiet_settings("slow");
  delivery::LaneParts parts;
  parts.settings = settings;
  parts.settings.flush_interval_ms = 3'600'000;
  parts.exporter = &bench.exporter;
  auto cursor = std::make_unique<MemoryCursor>();
  bench.cursors.push_back(cursor.get());
  parts.cursor = std::move(cursor);
  REQUIRE(bench.delivery.add_lane(std::move(parts)));
  bench.publish(bench.events.batch(3));
  std::this_thread::sleep_for(std::chrono::milliseconds(50));
  CHECK(script.submits() == 0);
  bench.delivery.flush();
  CHECK(eventually([&] { return bench.delivery.idle(); }));
}
