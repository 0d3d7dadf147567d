// One exporter's place in the log: what is settled, what is handed over, what comes next.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "store/settled_ranges.hpp"
#include "store/store.hpp"

namespace csiem::store {

// Pure bookkeeping: no threads, no files. What is handed over and what is next is forgotten with the process; the rest
// is the record that the store keeps.
class CursorState {
 public:
  static constexpr std::size_t kMostGaps = 65'536;
  // Batches that may be on their way ahead of the others.
  static constexpr std::size_t kMostEarly = 64;

  // Of an exporter that begins at `origin`.
  explicit CursorState(Sequence origin = 1) : origin_(origin), settled_(origin), next_(origin), early_next_(origin) {}
  // From encode(). Nothing when the bytes are damaged.
  static std::optional<CursorState> decode(std::string_view record);
  std::string encode() const;

  // ---- the record ----
  Sequence frontier() const noexcept { return settled_.frontier(); }
  const SettledRanges& settled() const noexcept { return settled_; }
  bool is_settled(Sequence sequence) const {
    bool found = false;
    settled_.settled_in(sequence, sequence, [&](Sequence, Sequence) { found = true; });
    return found;
  }
  std::size_t gaps() const noexcept { return settled_.gaps(); }
  // `end`: the sequence behind the newest committed one.
  Ledger ledger(Sequence end) const;
  // Ranges at and above this one were never handed over and are not settled, shed ones and early ones excepted.
  Sequence next() const noexcept { return next_; }

  std::string state;    // the exporter's own text
  CursorLimits limits;  // kept for the time when nobody has the cursor open
  int64_t opened_unix_ns = 0;
  // Of the log from next() on: bytes of events that are settled or on their way already.
  uint64_t ahead_bytes = 0;

  // ---- handing over ----
  std::size_t on_the_way_bytes() const noexcept { return on_the_way_bytes_; }
  // What was let go cannot be given up any more, so that it has to stay below the limit of the log.
  bool has_room(std::size_t window_bytes) const noexcept {
    return (on_the_way_bytes_ < window_bytes || on_the_way_bytes_ == 0 || on_the_way_.empty()) &&
           let_go_bytes_ < limits.max_bytes;
  }
  // Parts of the batch [first, last] that are not to be sent: settled, handed over early, or behind next().
  void skipped_in(Sequence first, Sequence last, std::vector<Range>& out) const;
  // Everything up to `last` is handed over, as one batch of `bytes` beginning with `first`; `events` of it are not
  // skipped.
  void hand_over(Sequence first, Sequence last, uint64_t events, std::size_t bytes);
  // Nothing up to `last` has to be handed over.
  void pass(Sequence last) noexcept { next_ = std::max(next_, last + 1); }
  // The range, which is behind next(), goes ahead of the others.
  void hand_over_early(Range range, std::size_t bytes);
  bool may_hand_over_early() const noexcept {
    return early_.size() - early_again_ < kMostEarly && settled_.gaps() < kMostGaps;
  }
  // From where on it has to be looked for events that overtake.
  Sequence early_next() const noexcept { return std::max(early_next_, next_); }
  void looked_for_early(Sequence last) noexcept { early_next_ = std::max(early_next_, last + 1); }

  // ---- what a lane does not keep until it ends ----
  // What was handed over together with this event takes no memory any more.
  void let_go(Sequence any);
  // [first, last] was handed over, has not ended, and is to be handed over again.
  void give_back(Sequence first, Sequence last);
  // The first of what is to be handed over again.
  std::optional<Range> again() const {
    return again_.empty() ? std::nullopt : std::optional(Range{again_.begin()->first, again_.begin()->second});
  }
  // The range, the beginning of again() or all of it, is on the way, in a batch of `bytes`.
  void hand_over_again(Range part, std::size_t bytes);
  // Settles what of [first, last] would have to be handed over again, calling fresh(range) for each part.
  template <class Fresh>
  void take_out_again(Sequence first, Sequence last, Fresh&& fresh) {
    for (Range part{}; next_again_in(first, last, &part);) {
      drop_again(part);
      take_out_part(part, fresh);
    }
  }

  // ---- the ends of events ----
  void settle(Sequence first, Sequence last, const std::array<uint64_t, 4>& counts);
  // Settles what of [first, last] is neither settled nor handed over, calling fresh(range) before each part is.
  template <class Fresh>
  void take_out(Sequence first, Sequence last, Fresh&& fresh) {
    std::vector<Range> skipped;
    skipped_in(first, last, skipped);
    for (const Range& skip : skipped) {
      if (first < skip.first) take_out_part({first, skip.first - 1}, fresh);
      first = skip.last + 1;
    }
    if (first <= last) take_out_part({first, last}, fresh);
  }
  void count_dropped(std::size_t severity, uint64_t events) noexcept { dropped_[severity] += events; }
  void count_lost(uint64_t events) noexcept { lost_ += events; }
  void count_dead(uint64_t events) noexcept { counts_[static_cast<std::size_t>(Fate::dead_lettered)] += events; }

  bool changed = false;  // since the record was written

 private:
  struct OnTheWay {
    uint64_t left;  // events
    std::size_t bytes;
    bool let_go = false;
  };
  struct Early : OnTheWay {
    Sequence last;
    bool again;
  };
  Early* early_with(Sequence sequence, std::multimap<Sequence, Early>::iterator* at);
  void off_the_way(Sequence any, uint64_t events);
  void forget(const OnTheWay& gone) noexcept { (gone.let_go ? let_go_bytes_ : on_the_way_bytes_) -= gone.bytes; }
  bool next_again_in(Sequence first, Sequence last, Range* out) const;
  void drop_again(Range part);
  template <class Fresh>
  void take_out_part(Range part, Fresh& fresh) {
    fresh(part);
    settled_.add(part.first, part.last, [](Sequence, Sequence) {});
    changed = true;
  }

  Sequence origin_;
  SettledRanges settled_;
  std::array<uint64_t, 4> counts_{};
  BySeverity dropped_{};
  uint64_t lost_ = 0;

  Sequence next_;
  Sequence early_next_;
  std::map<Sequence, OnTheWay> on_the_way_;  // by first sequence; disjoint apart from early ones inside of them
  std::multimap<Sequence, Early> early_;     // by first sequence; ahead of the others, or again
  std::map<Sequence, Sequence> again_;       // to be handed over again: first to last, disjoint and not adjacent
  std::size_t early_again_ = 0;              // of early_
  std::size_t on_the_way_bytes_ = 0, let_go_bytes_ = 0;
};

}  // namespace csiem::store
