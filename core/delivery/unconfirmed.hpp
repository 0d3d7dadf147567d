// Batches that a destination has taken and will confirm, and that only the log keeps until then.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <cstdint>
#include <deque>
#include <limits>
#include <memory>
#include <utility>
#include <vector>

#include "delivery/flights.hpp"
#include "delivery/settlement.hpp"

namespace csiem::delivery {

// What is left of a batch when it is let go: which events it had, and how often and since when they are tried.
struct Unconfirmed {
  // Consecutive sequences of one source batch.
  struct Part {
    SourceBatch* source;
    store::Sequence first, last;
  };
  std::unique_ptr<Flight> flight;  // its parcel has no batch any more
  std::vector<Part> parts;
  int64_t due_ns = std::numeric_limits<int64_t>::max();  // when its events are given back
};

// Oldest first. Lane's thread.
class UnconfirmedBatches {
 public:
  void add(Unconfirmed one) {
    events_ += one.flight->parcel->count;
    waiting_.push_back(std::move(one));
  }
  // Null flight when there is no such token.
  Unconfirmed take(uint64_t token) {
    const auto at = std::find_if(waiting_.begin(), waiting_.end(),
                                 [&](const Unconfirmed& one) { return one.flight->token == token; });
    if (at == waiting_.end()) return {};
    Unconfirmed out = std::move(*at);
    waiting_.erase(at);
    events_ -= out.flight->parcel->count;
    return out;
  }
  // The one that has waited longest; null without any.
  const Flight* oldest() const { return waiting_.empty() ? nullptr : waiting_.front().flight.get(); }
  uint64_t events() const noexcept { return events_; }
  // The one that has this event of the log; null when none has.
  const Flight* with(store::Sequence sequence) const {
    for (const auto* all : {&waiting_, &resting_})
      for (const Unconfirmed& one : *all)
        for (const Unconfirmed::Part& part : one.parts)
          if (part.first <= sequence && sequence <= part.last) return one.flight.get();
    return nullptr;
  }

  // Not confirmed: at `due_ns` its events are given back.
  void rest(Unconfirmed one) { resting_.push_back(std::move(one)); }
  // One that is due, or one without a flight.
  Unconfirmed take_due(int64_t now_ns) {
    const auto at =
        std::find_if(resting_.begin(), resting_.end(), [&](const Unconfirmed& one) { return one.due_ns <= now_ns; });
    if (at == resting_.end()) return {};
    Unconfirmed out = std::move(*at);
    resting_.erase(at);
    return out;
  }
  int64_t next_due_ns() const {
    int64_t next = std::numeric_limits<int64_t>::max();
    for (const Unconfirmed& one : resting_) next = std::min(next, one.due_ns);
    return next;
  }

 private:
  std::deque<Unconfirmed> waiting_, resting_;
  uint64_t events_ = 0;  // of waiting_
};

// Events that were sent, not confirmed and given back: how often and since when they are tried, for when they come
// again. Lane's thread.
class GivenBack {
 public:
  void note(store::Range range, uint32_t attempt, int64_t first_sent_running_ns) {
    if (all_.size() == kMostKept) all_.erase(all_.begin());  // what the queue's policy gave up never comes again
    all_.push_back({range, attempt, first_sent_running_ns});
  }
  // Tells the source batch, which has just come, what is known about its events.
  void recognise(SourceBatch& source) {
    if (all_.empty() || source.replay) return;
    store::Range mine{source.first, source.last};
    for (const store::Range& skip : source.skip) {
      if (skip.first <= mine.first) mine.first = std::max(mine.first, skip.last + 1);
      if (skip.last >= mine.last) mine.last = std::min(mine.last, skip.first - 1);
    }
    for (auto at = all_.begin(); at != all_.end();) {
      if (at->range.last < mine.first || at->range.first > mine.last) {
        ++at;
        continue;
      }
      source.attempt = std::max(source.attempt, at->attempt);
      source.first_sent_running_ns = source.first_sent_running_ns < 0
                                         ? at->first_sent_running_ns
                                         : std::min(source.first_sent_running_ns, at->first_sent_running_ns);
      at->range.first = mine.last + 1;  // it comes from its beginning on
      at = at->range.first > at->range.last ? all_.erase(at) : std::next(at);
    }
  }

 private:
  static constexpr std::size_t kMostKept = 4096;
  struct Entry {
    store::Range range;
    uint32_t attempt;
    int64_t first_sent_running_ns;
  };
  std::vector<Entry> all_;
};

}  // namespace csiem::delivery
