// The accepted events that some exporter has not settled, and the checkpoints that wait for them.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "store/settled_ranges.hpp"
#include "store/store.hpp"

namespace csiem::store {

// Pure bookkeeping: no threads, no files. A batch is held until every cursor has settled all of it. A checkpoint is
// handed out when everything up to its batch is settled. What is settled behind a gap is merged, so memory depends on
// the number of gaps and not on how long a gap lasts.
class HeldLog {
 public:
  // Before the first append(). Returns the cursor's index.
  std::size_t add_cursor() {
    cursors_.emplace_back();
    return cursors_.size() - 1;
  }
  bool started() const noexcept { return next_ != 1; }

  void append(const std::shared_ptr<event::EventBatch>& batch, std::size_t source, std::string checkpoint);
  // Parts of the range that were settled before count once.
  void settle(std::size_t cursor, Sequence first, Sequence last, const std::array<uint64_t, 4>& counts);

  // Collected by release(): references that must be dropped without a lock held, and the checkpoints to store.
  struct Released {
    std::vector<event::BatchRef> batches;
    std::vector<std::pair<std::size_t, std::string>> checkpoints;  // by source, oldest first
  };
  // Lets go of what append() and settle() have freed since.
  Released release();

  const Ledger& ledger(std::size_t cursor) const { return cursors_[cursor].ledger; }
  std::size_t bytes() const noexcept { return bytes_; }
  uint64_t events() const noexcept { return events_; }
  std::size_t entries() const noexcept { return entries_.size(); }

 private:
  struct CursorState {
    SettledRanges settled;
    Ledger ledger;
  };
  struct Entry {
    Sequence last = 0;
    event::BatchRef batch;  // empty once it is settled
    std::size_t bytes = 0;
    std::vector<uint64_t> left;                                    // events that each cursor has not settled
    std::size_t open = 0;                                          // cursors with something left
    std::vector<std::pair<std::size_t, std::string>> checkpoints;  // at most one per source
  };
  using Entries = std::map<Sequence, Entry>;  // by first sequence, without gaps

  void settle_in_entries(std::size_t cursor, Sequence first, Sequence last);
  static void set_checkpoint(Entry& entry, std::size_t source, std::string&& checkpoint);
  Entries::iterator merge_into(Entries::iterator into, Entries::iterator from);

  std::vector<CursorState> cursors_;
  Entries entries_;
  std::vector<Sequence> freed_;  // entries that became settled since the last release()
  std::vector<std::pair<std::size_t, std::string>> free_checkpoints_;  // with nothing in front of them
  Sequence next_ = 1;
  std::size_t bytes_ = 0;
  uint64_t events_ = 0;
};

}  // namespace csiem::store
