#include "delivery/settlement.hpp"

#include <algorithm>
#include <cassert>
#include <utility>

#include "base/fault_point.hpp"

namespace csiem::delivery {

SourceBatch* Settlement::open(event::BatchRef batch, std::vector<store::Range> skip, std::size_t bytes,
                              std::shared_ptr<ReplaySink> replay) {
  uint64_t remaining = batch->events().size();
  for (const store::Range& range : skip) remaining -= range.size();
  if (remaining == 0) return nullptr;
  if (idle_.empty()) {
    all_.push_back(std::make_unique<SourceBatch>());
    idle_.push_back(all_.back().get());
  }
  SourceBatch* source = idle_.back();
  idle_.pop_back();
  source->remaining = remaining;
  for (const store::Range& range : skip) {
    for (store::Sequence at = range.first; at <= range.last; ++at)
      source->taken.push_back(static_cast<uint32_t>(at - batch->first_sequence()));
  }
  source->replay = std::move(replay);
  source->skip = std::move(skip);
  source->first = batch->first_sequence();
  source->last = batch->last_sequence();
  source->batch = std::move(batch);
  source->bytes = bytes;
  source->waiting = true;
  return source;
}

void Settlement::end(SourceBatch* source, store::Fate fate, uint32_t first, uint64_t events) {
  assert(events > 0 && events <= source->remaining);
  const auto way = static_cast<std::size_t>(fate);
  const uint32_t last = first + static_cast<uint32_t>(events) - 1;
  if (!source->ended.empty() && source->ended.back().last + 1 == first) {
    source->ended.back().last = last;
  } else {
    source->ended.push_back({first, last, {}});
  }
  source->ended.back().counts[way] += events;
  source->remaining -= events;
  if (fate == store::Fate::delivered) stats_.delivered.fetch_add(events, std::memory_order_relaxed);
  if (fate == store::Fate::filtered) stats_.filtered.fetch_add(events, std::memory_order_relaxed);
  if (fate == store::Fate::dead_lettered) stats_.rejected.fetch_add(events, std::memory_order_relaxed);
  if (source->remaining > 0) {
    stats_.queued_events.fetch_sub(events, std::memory_order_relaxed);
    if (fate != store::Fate::filtered && !std::exchange(source->to_tell, true)) to_tell_.push_back(source);
    spare_memory(source);
    return;
  }
  // All of it may have overtaken: then the batcher still holds the batch.
  source->owed += events;
  if (!source->waiting) settle(source);
}

void Settlement::passed(SourceBatch* source) {
  source->waiting = false;
  if (source->remaining == 0)
    settle(source);
  else
    spare_memory(source);
}

void Settlement::let_go(SourceBatch* source, uint64_t events) {
  source->let_go += events;
  spare_memory(source);
}

void Settlement::end_let_go(SourceBatch* source, store::Fate fate, store::Sequence first, store::Sequence last) {
  const uint64_t events = last - first + 1;
  assert(events <= source->let_go);
  source->let_go -= events;
  end(source, fate, static_cast<uint32_t>(first - source->first), events);
}

void Settlement::give_back(SourceBatch* source, store::Sequence first, store::Sequence last) {
  const uint64_t events = last - first + 1;
  assert(events <= source->let_go && events <= source->remaining);
  source->let_go -= events;
  source->remaining -= events;
  const auto place = std::lower_bound(source->skip.begin(), source->skip.end(), first,
                                      [](const store::Range& range, store::Sequence at) { return range.first < at; });
  source->skip.insert(place, {first, last});
  stats_.queued_events.fetch_sub(events, std::memory_order_relaxed);
  cursor_.give_back(first, last);
  if (source->remaining == 0 && !source->waiting) settle(source);
}

// The batcher has passed it, and all that has not ended is let go.
void Settlement::spare_memory(SourceBatch* source) {
  if (source->waiting || source->let_go == 0 || source->let_go != source->remaining || !source->batch) return;
  store::Sequence any = source->first;
  for (const store::Range& range : source->skip) {
    if (any < range.first) break;
    any = range.last + 1;
  }
  cursor_.let_go(any);
  stats_.queued_bytes.fetch_sub(source->bytes, std::memory_order_relaxed);
  source->bytes = 0;
  source->batch.reset();
  eased();
}

void Settlement::dead_letter(const SourceBatch& source, store::DeadLetter letter) {
  if (source.replay)
    source.replay->dead_letter(std::move(letter));
  else
    cursor_.dead_letter(std::move(letter));
}

void Settlement::tell() {
  for (SourceBatch* const source : to_tell_) {
    // It may have been settled, and may carry another batch by now, since it was put here.
    if (std::exchange(source->to_tell, false)) tell(source, kMostParts);
  }
  to_tell_.clear();
}

void Settlement::tell_all() {
  to_tell_.clear();
  for (const auto& source : all_) {
    source->to_tell = false;
    tell(source.get(), source->ended.size());
  }
}

void Settlement::tell(SourceBatch* source, std::size_t most_parts) {
  std::vector<SourceBatch::Ended>& ended = source->ended;
  if (ended.empty()) return;
  const auto earlier = [](const auto& a, const auto& b) { return a.first < b.first; };
  if (!std::is_sorted(ended.begin(), ended.end(), earlier)) std::sort(ended.begin(), ended.end(), earlier);
  std::size_t kept = 0;
  for (std::size_t i = 1; i < ended.size(); ++i) {
    if (ended[i].first != ended[kept].last + 1) {
      ended[++kept] = ended[i];
      continue;
    }
    ended[kept].last = ended[i].last;
    for (std::size_t fate = 0; fate < ended[i].counts.size(); ++fate) ended[kept].counts[fate] += ended[i].counts[fate];
  }
  ended.resize(kept + 1);
  if (ended.size() > most_parts) return;
  CSIEM_FAULT_POINT("settle-queued");
  const store::Sequence base = source->first;
  for (const SourceBatch::Ended& part : ended) {
    if (source->replay)
      source->replay->settle(base + part.first, base + part.last, part.counts);
    else
      cursor_.settle(base + part.first, base + part.last, part.counts);
  }
  ended.clear();
}

void Settlement::settle(SourceBatch* source) {
  tell(source, source->ended.size());
  stats_.queued_bytes.fetch_sub(source->bytes, std::memory_order_relaxed);
  // After the settlement, so that an idle lane has told its cursor everything.
  stats_.queued_events.fetch_sub(source->owed, std::memory_order_release);
  source->owed = 0;
  source->batch.reset();
  source->replay.reset();
  source->next = source->taken_next = source->attempt = 0;
  source->let_go = 0;
  source->first_sent_running_ns = -1;
  source->taken.clear();
  source->skip.clear();
  source->to_tell = false;
  idle_.push_back(source);
  eased();
}

}  // namespace csiem::delivery
