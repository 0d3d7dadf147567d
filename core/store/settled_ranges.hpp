// Which sequences of a log are settled, when they settle in any order.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <cstdint>
#include <iterator>
#include <map>

namespace csiem::store {

// Everything below frontier() is settled, and so are the disjoint ranges above it. Neighbours are merged, so the cost
// is logarithmic in the number of gaps.
class SettledRanges {
 public:
  explicit SettledRanges(uint64_t frontier = 1) : frontier_(frontier) {}

  // The first sequence that is not settled.
  uint64_t frontier() const noexcept { return frontier_; }
  std::size_t gaps() const noexcept { return above_.size(); }
  // First to last of each range above the frontier.
  const std::map<uint64_t, uint64_t>& above() const noexcept { return above_; }

  // Settles [first, last] and calls fresh(first, last) for each part of it that was not settled before.
  template <class Fresh>
  void add(uint64_t first, uint64_t last, Fresh&& fresh) {
    if (first < frontier_) first = frontier_;
    if (first > last) return;
    const uint64_t from = first;
    // The range that may reach into ours from below.
    auto at = above_.upper_bound(first);
    if (at != above_.begin() && std::prev(at)->second + 1 >= first) --at;
    uint64_t merged_first = first, merged_last = last, next = from;
    while (at != above_.end() && at->first <= last + 1) {
      if (at->first > next) fresh(next, at->first - 1);
      if (at->first < merged_first) merged_first = at->first;
      if (at->second > merged_last) merged_last = at->second;
      if (at->second + 1 > next) next = at->second + 1;
      at = above_.erase(at);
    }
    if (next <= last) fresh(next, last);
    if (merged_first == frontier_)
      frontier_ = merged_last + 1;
    else
      above_.emplace_hint(at, merged_first, merged_last);
  }

  // Calls part(first, last) for each part of [first, last] that is settled, ascending.
  template <class Part>
  void settled_in(uint64_t first, uint64_t last, Part&& part) const {
    if (first < frontier_) {
      part(first, std::min(last, frontier_ - 1));
      first = frontier_;
    }
    if (first > last) return;
    auto at = above_.upper_bound(first);
    if (at != above_.begin() && std::prev(at)->second >= first) --at;
    for (; at != above_.end() && at->first <= last; ++at) part(std::max(first, at->first), std::min(last, at->second));
  }

 private:
  uint64_t frontier_;
  std::map<uint64_t, uint64_t> above_;  // first to last
};

}  // namespace csiem::store
