#include "store/held_log.hpp"

#include <algorithm>
#include <iterator>

namespace csiem::store {

void HeldLog::set_checkpoint(Entry& entry, std::size_t source, std::string&& checkpoint) {
  for (auto& [known, text] : entry.checkpoints) {
    if (known != source) continue;
    text = std::move(checkpoint);
    return;
  }
  entry.checkpoints.emplace_back(source, std::move(checkpoint));
}

void HeldLog::append(const std::shared_ptr<event::EventBatch>& batch, std::size_t source, std::string checkpoint) {
  if (batch == nullptr || batch->empty()) {
    // Depends on what is held already and on nothing else.
    if (checkpoint.empty()) return;
    if (entries_.empty())
      free_checkpoints_.emplace_back(source, std::move(checkpoint));
    else
      set_checkpoint(std::prev(entries_.end())->second, source, std::move(checkpoint));
    return;
  }
  const uint64_t count = batch->events().size();
  batch->set_first_sequence(next_);
  const auto at = entries_.emplace_hint(entries_.end(), next_, Entry{});
  next_ += count;
  Entry& entry = at->second;
  entry.last = next_ - 1;
  entry.batch = batch;
  entry.bytes = batch->memory_bytes();
  entry.left.assign(cursors_.size(), count);
  entry.open = cursors_.size();
  if (!checkpoint.empty()) entry.checkpoints.emplace_back(source, std::move(checkpoint));
  bytes_ += entry.bytes;
  events_ += count;
  for (CursorState& cursor : cursors_) cursor.ledger.accepted += count;
  if (entry.open == 0) freed_.push_back(at->first);
}

void HeldLog::settle(std::size_t cursor, Sequence first, Sequence last, const std::array<uint64_t, 4>& counts) {
  CursorState& state = cursors_[cursor];
  bool any = false;
  state.settled.add(first, std::min(last, next_ - 1), [&](Sequence from, Sequence to) {
    any = true;
    settle_in_entries(cursor, from, to);
  });
  if (!any) return;
  state.ledger.delivered += counts[static_cast<std::size_t>(Fate::delivered)];
  state.ledger.filtered += counts[static_cast<std::size_t>(Fate::filtered)];
  state.ledger.dead_lettered += counts[static_cast<std::size_t>(Fate::dead_lettered)];
  state.ledger.dropped += counts[static_cast<std::size_t>(Fate::dropped)];
}

void HeldLog::settle_in_entries(std::size_t cursor, Sequence first, Sequence last) {
  auto at = entries_.upper_bound(first);
  if (at == entries_.begin()) return;
  for (--at; at != entries_.end() && at->first <= last; ++at) {
    Entry& entry = at->second;
    const Sequence from = std::max(first, at->first), to = std::min(last, entry.last);
    if (from > to || entry.open == 0) continue;
    entry.left[cursor] -= to - from + 1;
    if (entry.left[cursor] == 0 && --entry.open == 0) freed_.push_back(at->first);
  }
}

// `from` follows `into`; both are settled.
HeldLog::Entries::iterator HeldLog::merge_into(Entries::iterator into, Entries::iterator from) {
  into->second.last = from->second.last;
  for (auto& [source, checkpoint] : from->second.checkpoints)
    set_checkpoint(into->second, source, std::move(checkpoint));
  entries_.erase(from);
  return into;
}

HeldLog::Released HeldLog::release() {
  Released out;
  std::swap(out.checkpoints, free_checkpoints_);
  for (const Sequence first : freed_) {
    auto at = entries_.find(first);
    Entry& entry = at->second;
    bytes_ -= entry.bytes;
    events_ -= entry.last - first + 1;
    entry.bytes = 0;
    out.batches.push_back(std::move(entry.batch));
    entry.batch.reset();
    entry.left = {};
    const auto is_free = [](const Entry& e) { return e.open == 0 && e.batch == nullptr; };
    if (at != entries_.begin() && is_free(std::prev(at)->second)) at = merge_into(std::prev(at), at);
    const auto next = std::next(at);
    if (next != entries_.end() && is_free(next->second)) at = merge_into(at, next);
    if (at == entries_.begin()) {
      for (auto& checkpoint : at->second.checkpoints) out.checkpoints.push_back(std::move(checkpoint));
      entries_.erase(at);
    }
  }
  freed_.clear();
  return out;
}

}  // namespace csiem::store
