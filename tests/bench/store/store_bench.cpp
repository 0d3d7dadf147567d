// Durable intake: events/s and CPU time through the store alone, with one exporter that settles at once.
// Usage: bench-store DIRECTORY [EVENTS] [BYTES] [sync|interval|none]
#include <time.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <thread>

#include "base/clock.hpp"
#include "store/store.hpp"

namespace {

using namespace csiem;

constexpr std::size_t kBlockBytes = 256 * 1024;  // what a source reads at once

int64_t cpu_ns() {
  timespec t{};
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
  return int64_t{t.tv_sec} * 1'000'000'000 + t.tv_nsec;
}

// Settles on a thread of its own, as a lane does.
class Settler {
 public:
  explicit Settler(store::Store& store) {
    auto opened = store.open_cursor({.exporter_id = "bench"});
    if (!opened) std::abort();
    cursor_ = *std::move(opened);
    cursor_->start([this](const event::BatchRef& batch, std::span<const store::Range>) {
      last_.store(batch->last_sequence(), std::memory_order_release);
      last_.notify_one();
    });
    thread_ = std::thread([this] { run(); });
  }
  ~Settler() {
    stop_ = true;
    last_.fetch_add(1);
    last_.notify_one();
    thread_.join();
  }

 private:
  void run() {
    store::Sequence settled = 0;
    for (;;) {
      last_.wait(settled, std::memory_order_acquire);
      if (stop_) return;
      const store::Sequence last = last_.load(std::memory_order_acquire);
      cursor_->settle(settled + 1, last, {last - settled, 0, 0, 0});
      settled = last;
    }
  }
  std::unique_ptr<store::Cursor> cursor_;
  std::atomic<store::Sequence> last_{0};
  std::atomic<bool> stop_{false};
  std::thread thread_;
};

}  // namespace

int main(int argc, char** argv) {
  if (argc < 2) {
    std::fprintf(stderr, "usage: bench-store DIRECTORY [EVENTS] [BYTES] [sync|interval|none]\n");
    return 2;
  }
  const uint64_t events = argc > 2 ? std::strtoull(argv[2], nullptr, 10) : 2'000'000;
  const std::size_t bytes = argc > 3 ? std::strtoull(argv[3], nullptr, 10) : 770;
  const std::string durability = argc > 4 ? argv[4] : "sync";
  store::Options options;
  options.directory = argv[1];
  options.durability = durability == "none"       ? store::Durability::none
                       : durability == "interval" ? store::Durability::interval
                                                  : store::Durability::sync;
  options.revive = [](std::string_view canonical, event::BatchBuilder& out) {
    csiem_event& event = out.add();
    const auto copy = out.arena().copy(canonical);
    event.canonical_json = {copy.data(), copy.size()};
    return true;
  };
  auto opened = store::open_store(options);
  if (!opened) {
    std::fprintf(stderr, "%s\n", opened.error().what().c_str());
    return 1;
  }
  const auto store = *std::move(opened);
  std::atomic<int> progress{0};
  store->on_progress([&] {
    ++progress;
    progress.notify_one();
  });
  const Settler settler(*store);

  // One text for all: what is measured is the store, not the making of events.
  const std::string text(bytes, 'x');
  event::BatchBuilder builder(event::BatchPool::create());
  const std::size_t per_block = std::max<std::size_t>(1, kBlockBytes / bytes);
  const int64_t cpu_before = cpu_ns(), before = system_clock().mono_ns();
  uint64_t made = 0;
  while (made < events) {
    for (std::size_t i = 0; i < per_block && made < events; ++i, ++made) {
      csiem_event& event = builder.add();
      const auto copy = builder.arena().copy(text);
      event.canonical_json = {copy.data(), copy.size()};
    }
    for (int seen = progress; store->must_wait(); seen = progress) progress.wait(seen);
    if (!store->append(builder.seal(0), "bench", std::to_string(made))) return 1;
  }
  if (!store->flush()) return 1;
  const double seconds = static_cast<double>(system_clock().mono_ns() - before) / 1e9;
  const double cpu = static_cast<double>(cpu_ns() - cpu_before) / 1e9;
  const auto million = static_cast<double>(made) / 1e6;
  std::printf("%10.0f events/s  %.3f s CPU per million events  (%.2f M events of %zu bytes, %s)\n",
              static_cast<double>(made) / seconds, cpu / million, million, bytes, durability.c_str());
  return 0;
}
