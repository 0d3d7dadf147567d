// Events in memory: flat views in an arena, shared by every lane, copied by none.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <csiem/plugin.h>

#include <cstdint>
#include <memory>
#include <mutex>
#include <span>
#include <string_view>
#include <vector>

#include "base/arena.hpp"

namespace csiem::event {

// An immutable group of events. Every string that a view points to lies in the batch's own arena, so whoever holds a
// BatchRef may read every view, from any thread. `canonical_json` of each view is the event as stored and as the
// native format sends it, without a line feed.
class EventBatch {
 public:
  std::span<const csiem_event> events() const noexcept { return events_; }
  bool empty() const noexcept { return events_.empty(); }
  // Of events()[0]; the others follow without gaps. Set once by the store before the batch is published.
  uint64_t first_sequence() const noexcept { return first_sequence_; }
  uint64_t last_sequence() const noexcept { return first_sequence_ + events_.size() - 1; }
  void set_first_sequence(uint64_t sequence) noexcept { first_sequence_ = sequence; }
  int64_t accepted_mono_ns() const noexcept { return accepted_mono_ns_; }
  // What the batch costs: views and arena.
  std::size_t memory_bytes() const noexcept { return events_.capacity() * sizeof(csiem_event) + arena_.memory_bytes(); }

 private:
  friend class BatchBuilder;
  friend class BatchPool;
  Arena arena_;
  std::vector<csiem_event> events_;
  uint64_t first_sequence_ = 0;
  int64_t accepted_mono_ns_ = 0;
};

using BatchRef = std::shared_ptr<const EventBatch>;

// Keeps the memory of batches that nobody holds any more, so that steady work does not ask the heap. Any thread.
class BatchPool : public std::enable_shared_from_this<BatchPool> {
 public:
  // At most `keep` idle batches are kept.
  static std::shared_ptr<BatchPool> create(std::size_t keep = 16);
  // An empty batch; its memory comes back here when the last reference goes.
  std::shared_ptr<EventBatch> take();
  // A new one without kept memory, for a few events.
  std::shared_ptr<EventBatch> take_small();

 private:
  explicit BatchPool(std::size_t keep) : keep_(keep) {}
  std::shared_ptr<EventBatch> lend(std::unique_ptr<EventBatch> batch);
  void give_back(std::unique_ptr<EventBatch> batch);

  std::size_t keep_;
  std::mutex mutex_;  // guards idle_; taken once per batch
  std::vector<std::unique_ptr<EventBatch>> idle_;
};

// Fills one batch. One thread. The builder is reused for the next batch after seal().
class BatchBuilder {
 public:
  explicit BatchBuilder(std::shared_ptr<BatchPool> pool) : pool_(std::move(pool)), batch_(pool_->take()) {}

  Arena& arena() noexcept { return batch_->arena_; }
  // About so many input bytes come next: a few events must not hold the memory of many while they wait for a lane.
  void expect(std::size_t bytes);
  // A zeroed view with struct_size set and resource_port -1, to be filled; its strings must lie in arena() or be
  // static. The reference is good until the next add().
  csiem_event& add();
  // Takes back the newest view.
  void drop_last() { batch_->events_.pop_back(); }
  std::size_t size() const noexcept { return batch_->events_.size(); }
  std::span<csiem_event> events() noexcept { return batch_->events_; }

  // The finished batch; the builder starts a new one.
  std::shared_ptr<EventBatch> seal(int64_t accepted_mono_ns);

 private:
  std::shared_ptr<BatchPool> pool_;
  std::shared_ptr<EventBatch> batch_;
};

}  // namespace csiem::event
