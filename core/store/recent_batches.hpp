// Batches that are kept in memory for exporters that lag a little.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <deque>
#include <utility>

#include "store/store.hpp"

namespace csiem::store {

// Ascending, not necessarily without gaps. The oldest go when there are too many bytes. The owner guards it.
class RecentBatches {
 public:
  explicit RecentBatches(std::size_t max_bytes) : max_bytes_(max_bytes) {}

  void push(event::BatchRef batch) {
    bytes_ += batch->memory_bytes();
    batches_.push_back(std::move(batch));
    while (bytes_ > max_bytes_) drop_oldest();
  }
  // Nobody needs what lies before the sequence.
  void trim(Sequence below) {
    while (!batches_.empty() && batches_.front()->last_sequence() < below) drop_oldest();
  }
  // Null when the batch with that sequence is not here.
  event::BatchRef find(Sequence sequence) const {
    const auto at = std::partition_point(batches_.begin(), batches_.end(), [&](const event::BatchRef& batch) {
      return batch->last_sequence() < sequence;
    });
    return at != batches_.end() && (*at)->first_sequence() <= sequence ? *at : nullptr;
  }
  std::size_t bytes() const noexcept { return bytes_; }
  bool empty() const noexcept { return batches_.empty(); }
  // The oldest sequence; not empty.
  uint64_t first() const { return batches_.front()->first_sequence(); }

 private:
  void drop_oldest() {
    bytes_ -= batches_.front()->memory_bytes();
    batches_.pop_front();
  }

  std::size_t max_bytes_, bytes_ = 0;
  std::deque<event::BatchRef> batches_;
};

}  // namespace csiem::store
