// From how single events ended to what the cursor is told.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <vector>

#include "delivery/lane.hpp"
#include "event/batch.hpp"
#include "store/store.hpp"

namespace csiem::delivery {

// One published batch as a lane sees it, from publish() to the end of its last event.
struct SourceBatch {
  // Consecutive events that have ended; positions in the batch, both belong to it.
  struct Ended {
    uint32_t first, last;
    std::array<uint64_t, 4> counts;  // by Fate
  };
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
  std::vector<Ended> ended;             // that the cursor does not know of yet
  bool to_tell = false;                 // the cursor should
  std::shared_ptr<ReplaySink> replay;   // of a batch that does not come from the log
  // Of events that were sent before, and given back since.
  uint32_t attempt = 0;
  int64_t first_sent_running_ns = -1;  // by the lane's running clock; -1: never

  // Of one of its events, while the batch is there.
  uint32_t position(const csiem_event& event) const noexcept {
    return static_cast<uint32_t>(&event - batch->events().data());
  }
};

// Owns the source batches of one lane and tells the cursor what has ended: after each attempt, so that one event that
// has to wait does not make its neighbours be sent again after a restart. Lane's thread.
class Settlement {
 public:
  // `eased` is called whenever the lane has less to do: after each source batch that has ended, or that a destination
  // has taken and will confirm. Who paces himself by the backlog may look again.
  Settlement(store::Cursor& cursor, LaneStats& stats, const std::function<void()>& eased)
      : cursor_(cursor), stats_(stats), eased_(eased) {}

  // Null when there is nothing to send. Good until end() has ended its last event and passed() was called.
  SourceBatch* open(event::BatchRef batch, std::vector<store::Range> skip, std::size_t bytes,
                    std::shared_ptr<ReplaySink> replay = nullptr);
  // `events` consecutive ones from the position `first` on, none of which had ended. The source may be gone after it.
  void end(SourceBatch* source, store::Fate fate, uint32_t first, uint64_t events);
  // The batcher has looked at every event: it does not need the batch any more.
  void passed(SourceBatch* source);
  void dead_letter(const SourceBatch& source, store::DeadLetter letter);
  // Tells the cursor of what an attempt has ended since the last call. Events that a filter ended wait for their
  // neighbours, so that the cursor's ranges stay few.
  void tell();
  // Tells it everything: the lane stops.
  void tell_all();

  // ---- events that a destination has taken and will confirm ----
  // Whether they could be had again.
  bool may_let_go(const SourceBatch& source) const { return source.replay == nullptr && cursor_.gives_again(); }
  // They have not ended, and nobody reads them any more.
  void let_go(SourceBatch* source, uint64_t events);
  // [first, last] of them have ended.
  void end_let_go(SourceBatch* source, store::Fate fate, store::Sequence first, store::Sequence last);
  // [first, last] of them have not, and come again, as part of another source batch.
  void give_back(SourceBatch* source, store::Sequence first, store::Sequence last);

  // The lane has less to do than before: sources that wait for it may look again.
  void eased() const {
    if (eased_) eased_();
  }

 private:
  // Parts of one batch beyond which the cursor is told nothing of it before they have grown together.
  static constexpr std::size_t kMostParts = 64;

  void spare_memory(SourceBatch* source);
  void settle(SourceBatch* source);
  void tell(SourceBatch* source, std::size_t most_parts);

  store::Cursor& cursor_;
  LaneStats& stats_;
  const std::function<void()> eased_;
  std::vector<std::unique_ptr<SourceBatch>> all_;
  std::vector<SourceBatch*> idle_;
  std::vector<SourceBatch*> to_tell_;
};

}  // namespace csiem::delivery
