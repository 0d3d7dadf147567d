// A temporary directory, batches of numbered events, and a lane that remembers what it was given.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <unistd.h>

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "event/batch.hpp"
#include "store/store.hpp"

namespace csiem::test {

class TemporaryDirectory {
 public:
  TemporaryDirectory() {
    // In memory where that is possible: what is tested is order and content, not the speed of a disk.
    const std::filesystem::path memory = "/dev/shm";
    const bool use_memory = ::access(memory.c_str(), W_OK) == 0;
    std::string pattern = ((use_memory ? memory : std::filesystem::temp_directory_path()) / "csiem-XXXXXX").string();
    if (::mkdtemp(pattern.data()) == nullptr) std::abort();
    path_ = pattern;
  }
  ~TemporaryDirectory() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  TemporaryDirectory(const TemporaryDirectory&) = delete;
  TemporaryDirectory& operator=(const TemporaryDirectory&) = delete;
  const std::string& path() const { return path_; }
  std::string operator/(std::string_view name) const { return path_ + "/" + std::string(name); }

 private:
  std::string path_;
};

// "<number>:<severity>:<padding>", with an id that tells the number.
inline bool add_event(std::string_view canonical, event::BatchBuilder& out) {
  const auto colon = canonical.find(':');
  if (colon == std::string_view::npos || canonical.starts_with("unreadable")) return false;
  csiem_event& event = out.add();
  const auto text = out.arena().copy(canonical);
  event.canonical_json = {text.data(), text.size()};
  event.severity = canonical[colon + 1] - '0';
  char id[64];
  std::snprintf(id, sizeof id, "00000000-0000-7000-8000-%012lu", std::strtoul(text.data(), nullptr, 10));
  const auto copy = out.arena().copy(id);
  event.event_id = {copy.data(), copy.size()};
  return true;
}

inline int number_of(const csiem_event& event) { return std::atoi(event.canonical_json.ptr); }

// Batches of events whose numbers go on from one.
class Numbers {
 public:
  explicit Numbers(int first = 1) : next_(first) {}
  std::shared_ptr<event::EventBatch> batch(std::size_t events, int severity = 0, std::size_t padding = 100) {
    return batch(std::vector<int>(events, severity), padding);
  }
  std::shared_ptr<event::EventBatch> batch(const std::vector<int>& severities, std::size_t padding = 100) {
    for (const int severity : severities)
      add_event(std::to_string(next_++) + ":" + std::to_string(severity) + ":" + std::string(padding, 'x'), builder_);
    return builder_.seal(0);
  }

 private:
  event::BatchBuilder builder_{event::BatchPool::create()};
  int next_;
};

inline store::Options options_for(const std::string& directory) {
  store::Options options;
  options.directory = directory;
  options.revive = add_event;
  return options;
}
inline std::unique_ptr<store::Store> open_store(const std::string& directory) {
  auto opened = store::open_store(options_for(directory));
  if (!opened) {
    std::fprintf(stderr, "%s\n", opened.error().what().c_str());
    std::abort();
  }
  return *std::move(opened);
}

inline bool soon(const std::function<bool()>& condition) {
  for (int i = 0; i < 2000; ++i) {
    if (condition()) return true;
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
  }
  return condition();
}

// What a lane does with a cursor, without a lane: keeps what comes until it is told to settle it.
class FakeLane {
 public:
  FakeLane(store::Store& store, store::CursorOptions options, bool settles = false) : settles_(settles) {
    auto opened = store.open_cursor(options);
    if (!opened) std::abort();
    cursor_ = *std::move(opened);
    thread_ = std::thread([this] { run(); });
    cursor_->start([this](const event::BatchRef& batch, std::span<const store::Range> skip) {
      const std::lock_guard lock(mutex_);
      waiting_.push_back({batch, {skip.begin(), skip.end()}});
      came_.notify_all();
    });
  }
  FakeLane(store::Store& store, const std::string& id, bool settles = false)
      : FakeLane(store, store::CursorOptions{.exporter_id = id}, settles) {}
  ~FakeLane() {
    cursor_->start(nullptr);
    {
      const std::lock_guard lock(mutex_);
      stopping_ = true;
    }
    came_.notify_all();
    thread_.join();
  }

  store::Cursor& cursor() { return *cursor_; }
  // Numbers in order of arrival.
  std::vector<int> arrived() const {
    const std::lock_guard lock(mutex_);
    return arrived_;
  }
  bool has(std::size_t events) const {
    return soon([&] { return arrived().size() >= events; });
  }
  void settle_everything() {
    const std::lock_guard lock(mutex_);
    settles_ = true;
    came_.notify_all();
  }
  void settle_first() {
    Handed handed;
    {
      const std::lock_guard lock(mutex_);
      handed = std::move(held_.front());
      held_.erase(held_.begin());
    }
    settle(handed);
  }

 private:
  struct Handed {
    event::BatchRef batch;
    std::vector<store::Range> skip;
  };
  void settle(const Handed& handed) {
    store::Sequence first = handed.batch->first_sequence();
    const auto part = [&](store::Sequence from, store::Sequence to) {
      if (from <= to) cursor_->settle(from, to, {to - from + 1, 0, 0, 0});
    };
    for (const store::Range& skip : handed.skip) {
      if (skip.first > first) part(first, skip.first - 1);
      first = skip.last + 1;
    }
    part(first, handed.batch->last_sequence());
  }
  void run() {
    std::unique_lock lock(mutex_);
    while (!stopping_) {
      for (Handed& handed : waiting_) {
        const auto first = handed.batch->first_sequence();
        auto skip = handed.skip.begin();
        for (std::size_t i = 0; i < handed.batch->events().size(); ++i) {
          while (skip != handed.skip.end() && skip->last < first + i) ++skip;
          if (skip != handed.skip.end() && skip->first <= first + i) continue;
          arrived_.push_back(number_of(handed.batch->events()[i]));
        }
        held_.push_back(std::move(handed));
      }
      waiting_.clear();
      if (settles_ && !held_.empty()) {
        auto all = std::exchange(held_, {});
        lock.unlock();
        for (const Handed& handed : all) settle(handed);
        all.clear();
        lock.lock();
        continue;
      }
      came_.wait(lock, [&] { return stopping_ || !waiting_.empty() || (settles_ && !held_.empty()); });
    }
  }

  std::unique_ptr<store::Cursor> cursor_;
  mutable std::mutex mutex_;
  std::condition_variable came_;
  std::vector<Handed> waiting_, held_;
  std::vector<int> arrived_;
  bool settles_, stopping_ = false;
  std::thread thread_;
};

inline std::vector<int> numbers(int first, int last) {
  std::vector<int> out;
  for (int i = first; i <= last; ++i) out.push_back(i);
  return out;
}

}  // namespace csiem::test
