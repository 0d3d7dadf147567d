#include "delivery/settlement.hpp"

#include <cassert>
#include <utility>

namespace csiem::delivery {

SourceBatch* Settlement::open(event::BatchRef batch, std::size_t bytes) {
  if (batch->empty()) return nullptr;
  if (idle_.empty()) {
    all_.push_back(std::make_unique<SourceBatch>());
    idle_.push_back(all_.back().get());
  }
  SourceBatch* source = idle_.back();
  idle_.pop_back();
  source->remaining = batch->events().size();
  source->batch = std::move(batch);
  source->bytes = bytes;
  source->waiting = true;
  return source;
}

void Settlement::end(SourceBatch* source, store::Fate fate, uint64_t events) {
  assert(events <= source->remaining);
  source->counts[static_cast<std::size_t>(fate)] += events;
  source->remaining -= events;
  if (fate == store::Fate::delivered) stats_.delivered.fetch_add(events, std::memory_order_relaxed);
  if (fate == store::Fate::filtered) stats_.filtered.fetch_add(events, std::memory_order_relaxed);
  if (fate == store::Fate::dead_lettered) stats_.rejected.fetch_add(events, std::memory_order_relaxed);
  if (source->remaining > 0) {
    stats_.queued_events.fetch_sub(events, std::memory_order_relaxed);
    return;
  }
  // All of it may have overtaken: then the batcher still holds the batch.
  source->owed += events;
  if (!source->waiting) settle(source);
}

void Settlement::passed(SourceBatch* source) {
  source->waiting = false;
  if (source->remaining == 0) settle(source);
}

void Settlement::settle(SourceBatch* source) {
  cursor_.settle(source->batch->first_sequence(), source->batch->last_sequence(), source->counts);
  stats_.queued_bytes.fetch_sub(source->bytes, std::memory_order_relaxed);
  // After the settlement, so that an idle lane has told its cursor everything.
  stats_.queued_events.fetch_sub(source->owed, std::memory_order_release);
  source->owed = 0;
  source->batch.reset();
  source->next = source->taken_next = 0;
  source->taken.clear();
  source->counts.fill(0);
  idle_.push_back(source);
}

}  // namespace csiem::delivery
