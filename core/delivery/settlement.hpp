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
  std::size_t bytes = 0;               // as counted in LaneStats
  bool waiting = false;                // the batcher has not passed all of it
  uint64_t owed = 0;                   // ended, but not yet taken off LaneStats::queued_events
  uint64_t remaining = 0;              // events that have not ended
  uint32_t next = 0;                   // first event that the lane has not looked at in order
  std::vector<store::Range> skip;      // sequences that are not the lane's to send or settle
  std::vector<uint32_t> taken;         // events behind `next` that overtook or are skipped, ascending
  uint32_t taken_next = 0;             // first of `taken` that `next` has not reached
  std::array<uint64_t, 4> counts{};    // by Fate
  std::shared_ptr<ReplaySink> replay;  // of a batch that does not come from the log
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

 private:
  void settle(SourceBatch* source);
  void settle_range(SourceBatch* source, store::Sequence first, store::Sequence last);

  store::Cursor& cursor_;
  LaneStats& stats_;
  const std::function<void()> settled_;
  std::vector<std::unique_ptr<SourceBatch>> all_;
  std::vector<SourceBatch*> idle_;
};

}  // namespace csiem::delivery
