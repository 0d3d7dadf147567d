// From how single events ended to what the cursor is told.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <memory>
#include <vector>

#include "delivery/lane.hpp"
#include "event/batch.hpp"
#include "store/store.hpp"

namespace csiem::delivery {

// One published batch as a lane sees it, from publish() to its settlement.
struct SourceBatch {
  event::BatchRef batch;
  store::Sequence first = 0, last = 0;  // of the batch
  std::size_t bytes = 0;                // as counted in LaneStats
  bool waiting = false;                 // the batcher has not passed all of it
  uint64_t owed = 0;                    // ended, but not yet taken off LaneStats::queued_events
  uint64_t remaining = 0;               // events that have not ended
  uint64_t let_go = 0;                  // of these: events that nobody keeps here. When all are, `batch` is null
  uint32_t next = 0;                    // first event that the lane has not looked at in order
  std::vector<store::Range> skip;       // sequences that are not the lane's to send or settle
  std::vector<uint32_t> taken;          // events behind `next` that overtook or are skipped, ascending
  uint32_t taken_next = 0;              // first of `taken` that `next` has not reached
  std::array<uint64_t, 4> counts{};     // by Fate
  std::shared_ptr<ReplaySink> replay;   // of a batch that does not come from the log
  // Of events that were sent before, and given back since.
  uint32_t attempt = 0;
  int64_t first_sent_running_ns = -1;  // by the lane's running clock; -1: never
};

// Owns the source batches of one lane and settles each as a whole when its last event has ended. Lane's thread.
class Settlement {
 public:
  // `settled` is called after each source batch that has ended: who paces himself by the lane's backlog may look again.
  Settlement(store::Cursor& cursor, LaneStats& stats, const std::function<void()>& settled)
      : cursor_(cursor), stats_(stats), settled_(settled) {}

  // Null when there is nothing to send. Good until end() has ended its last event and passed() was called.
  SourceBatch* open(event::BatchRef batch, std::vector<store::Range> skip, std::size_t bytes,
                    std::shared_ptr<ReplaySink> replay = nullptr);
  void end(SourceBatch* source, store::Fate fate, uint64_t events);
  // The batcher has looked at every event: it does not need the batch any more.
  void passed(SourceBatch* source);
  void dead_letter(const SourceBatch& source, store::DeadLetter letter);

  // ---- events that a destination has taken and will confirm ----
  // Whether they could be had again.
  bool may_let_go(const SourceBatch& source) const { return source.replay == nullptr && cursor_.gives_again(); }
  // They have not ended, and nobody reads them any more.
  void let_go(SourceBatch* source, uint64_t events);
  // Some of them have ended.
  void end_let_go(SourceBatch* source, store::Fate fate, uint64_t events);
  // [first, last] of them have not, and come again, as part of another source batch.
  void give_back(SourceBatch* source, store::Sequence first, store::Sequence last);

 private:
  void spare_memory(SourceBatch* source);
  void settle(SourceBatch* source);
  void settle_range(SourceBatch* source, store::Sequence first, store::Sequence last);

  store::Cursor& cursor_;
  LaneStats& stats_;
  const std::function<void()> settled_;
  std::vector<std::unique_ptr<SourceBatch>> all_;
  std::vector<SourceBatch*> idle_;
};

}  // namespace csiem::delivery
