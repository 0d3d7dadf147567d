// How often each privacy rule took something out. Numbers only, never what it was.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <atomic>
#include <cstdint>
#include <deque>
#include <string>

namespace csiem::process {

// Rules are added before the counters are shared; from then on one thread counts and any thread reads.
class RedactionCounts {
 public:
  struct Counter {
    explicit Counter(std::string name) : rule(std::move(name)) {}
    std::string rule;
    std::atomic<uint64_t> count{0};
    void add() noexcept { count.fetch_add(1, std::memory_order_relaxed); }
  };
  // The counter of that name, a new one when there is none. The address is good for the life of the counts.
  Counter* add_rule(std::string name) {
    for (Counter& counter : counters_)
      if (counter.rule == name) return &counter;
    return &counters_.emplace_back(std::move(name));
  }
  const std::deque<Counter>& all() const noexcept { return counters_; }

 private:
  std::deque<Counter> counters_;
};

}  // namespace csiem::process
