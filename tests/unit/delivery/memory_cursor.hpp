// A cursor that remembers what it was told, and that nothing was told twice.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <mutex>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "store/store.hpp"

namespace csiem::test {

class MemoryCursor final : public store::Cursor {
 public:
  struct Settled {
    store::Sequence first, last;
    std::array<uint64_t, 4> counts;
  };

  void start(store::Deliver deliver) override {
    const std::lock_guard lock(mutex_);
    deliver_ = std::move(deliver);
  }
  // Gives the batch to the lane, as a store does.
  void deliver(const event::BatchRef& batch) const { deliver_(batch, {}); }

  void settle(store::Sequence first, store::Sequence last, const std::array<uint64_t, 4>& counts) override {
    const std::lock_guard lock(mutex_);
    settled_.push_back({first, last, counts});
    uint64_t sum = 0;
    for (std::size_t fate = 0; fate < 4; ++fate) {
      totals_[fate] += counts[fate];
      sum += counts[fate];
    }
    if (sum != last - first + 1) broken_ = true;
    for (store::Sequence at = first; at <= last; ++at)
      if (!sequences_.insert(at).second) broken_ = true;
  }
  // From now on what is let go can be had again.
  void keep(const event::BatchRef& batch) {
    const std::lock_guard lock(mutex_);
    log_.push_back(batch);
  }
  bool gives_again() const override {
    const std::lock_guard lock(mutex_);
    return !log_.empty();
  }
  void let_go(store::Sequence any) override {
    const std::lock_guard lock(mutex_);
    let_go_.push_back(any);
  }
  void give_back(store::Sequence first, store::Sequence last) override {
    const std::lock_guard lock(mutex_);
    given_back_.push_back({first, last});
  }
  std::vector<store::Sequence> let_go() const {
    const std::lock_guard lock(mutex_);
    return let_go_;
  }
  std::vector<store::Range> given_back() const {
    const std::lock_guard lock(mutex_);
    return given_back_;
  }
  // Delivers what was given back, as a store does: range by range, in the batch that it came from.
  void deliver_again() {
    std::vector<store::Range> ranges;
    {
      const std::lock_guard lock(mutex_);
      ranges.swap(given_back_);
    }
    for (const store::Range& range : ranges)
      for (const event::BatchRef& batch : log_) {
        if (range.first < batch->first_sequence() || range.first > batch->last_sequence()) continue;
        std::vector<store::Range> skip;
        if (batch->first_sequence() < range.first) skip.push_back({batch->first_sequence(), range.first - 1});
        if (range.last < batch->last_sequence()) skip.push_back({range.last + 1, batch->last_sequence()});
        deliver_(batch, skip);
      }
  }

  void dead_letter(store::DeadLetter letter) override {
    const std::lock_guard lock(mutex_);
    if (sequences_.contains(letter.sequence)) broken_ = true;  // must be kept before it is settled
    letters_.push_back(std::move(letter));
  }
  store::Ledger ledger() const override { return {}; }
  store::Lag lag() const override {
    const std::lock_guard lock(mutex_);
    return lag_;
  }
  // What lag() tells from now on.
  void set_lag(const store::Lag& lag) {
    const std::lock_guard lock(mutex_);
    lag_ = lag;
  }
  void save_state(std::string text) override {
    const std::lock_guard lock(mutex_);
    state_ = std::move(text);
    ++saves_;
  }
  std::string state() const override {
    const std::lock_guard lock(mutex_);
    return state_;
  }
  // How often save_state() was called.
  std::size_t saves() const {
    const std::lock_guard lock(mutex_);
    return saves_;
  }

  std::vector<Settled> settled() const {
    const std::lock_guard lock(mutex_);
    return settled_;
  }
  std::vector<store::DeadLetter> letters() const {
    const std::lock_guard lock(mutex_);
    return letters_;
  }
  uint64_t total(store::Fate fate) const {
    const std::lock_guard lock(mutex_);
    return totals_[static_cast<std::size_t>(fate)];
  }
  bool broken() const {
    const std::lock_guard lock(mutex_);
    return broken_;
  }

 private:
  mutable std::mutex mutex_;
  store::Deliver deliver_;
  std::vector<Settled> settled_;
  std::vector<store::DeadLetter> letters_;
  std::vector<event::BatchRef> log_;
  std::vector<store::Sequence> let_go_;
  std::vector<store::Range> given_back_;
  std::set<store::Sequence> sequences_;
  std::array<uint64_t, 4> totals_{};
  bool broken_ = false;
  store::Lag lag_;
  std::string state_;
  std::size_t saves_ = 0;
};

}  // namespace csiem::test
