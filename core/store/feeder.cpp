// The thread that brings lagging exporters what they missed.
#include <pthread.h>

#include <algorithm>

#include "base/log.hpp"
#include "store/feeds.hpp"

namespace csiem::store {
namespace {

// Blocks whose headers are looked at in one short read transaction.
constexpr std::size_t kHeadersAtOnce = 256;

std::string range_text(Sequence first, Sequence last) { return std::to_string(first) + " to " + std::to_string(last); }

}  // namespace

void Feeds::run() {
  pthread_setname_np(pthread_self(), "store-feed");
  Lock lock(mutex_);
  std::vector<Handle> round;
  while (!stopping_) {
    feeder_woken_ = false;
    bool worked = false;
    round.clear();
    for (const auto& [id, feed] : feeds_)
      if (waits(*feed)) round.push_back(feed);
    for (const Handle& feed : round) {
      if (stopping_) break;
      worked = (wants_early(*feed) && feed_early(lock, *feed)) || worked;
      worked = (feed->deliver && feed->state.again() && feed->state.has_room(feed->options.window_bytes) &&
                feed_again(lock, *feed)) ||
               worked;
      worked = (lags(*feed) && feed->state.has_room(feed->options.window_bytes) && feed_next(lock, *feed)) || worked;
    }
    if (worked) continue;
    last_revived_.reset();
    work_.wait(lock, [&] { return stopping_ || feeder_woken_; });
  }
}

event::BatchRef Feeds::in_memory(Sequence sequence) const {
  if (event::BatchRef batch = recent_.find(sequence)) return batch;
  const bool last =
      last_revived_ && last_revived_->first_sequence() <= sequence && sequence <= last_revived_->last_sequence();
  return last ? last_revived_ : nullptr;
}

// Reads the batch with this event, or the next one if it is missing, from the log; the lock is released meanwhile. What
// cannot be read is lost from then on. Null: try again, `later` when it makes no sense at once.
event::BatchRef Feeds::fetch(Lock& lock, const Feed& feed, Sequence sequence, bool* later) {
  lock.unlock();
  auto revived = revive_at(sequence);
  lock.lock();
  *later = !revived;
  if (!revived) {
    log::error(revived.error().message_code(), feed.id, revived.error().what());
    work_.wait_for(lock, std::chrono::seconds(1), [&] { return stopping_; });
    return nullptr;
  }
  if (!feed.deliver) return nullptr;  // closed meanwhile
  revived->last = std::min(revived->last, end_ - 1);
  if (revived->first > sequence) lose(sequence, revived->first - 1, LossCause::missing_block);
  if (!revived->batch) {
    if (revived->first != 0 && !revived->raw.empty()) {
      log::error(5002, {},
                 "the events " + range_text(revived->first, revived->last) +
                     " of the log are damaged; they are lost and lie in the quarantine as they are");
      damaged_.emplace_back(revived->first, std::move(revived->raw));
    }
    lose(std::max(sequence, revived->first), revived->last, LossCause::damaged_block);
    tell_change(lock);
    lock.lock();
    return nullptr;
  }
  for (const Range& broken : revived->broken) {
    log::error(5002, {}, "event " + std::to_string(broken.first) + " of the log cannot be read; it is lost");
    lose(broken.first, broken.last, LossCause::unreadable_event);
  }
  return last_revived_ = std::move(revived->batch);
}

// Hands over the first range of what was given back. Returns false when it has to wait.
bool Feeds::feed_again(Lock& lock, Feed& feed) {
  const Sequence wanted = feed.state.again()->first;
  event::BatchRef batch = in_memory(wanted);
  bool later = false;
  if (!batch) batch = fetch(lock, feed, wanted, &later);
  if (!batch) return !later;
  const auto range = feed.deliver ? feed.state.again() : std::nullopt;
  if (!range || range->first != wanted || batch->first_sequence() > wanted) return true;
  const Range part{wanted, std::min(range->last, batch->last_sequence())};
  skipped_.clear();
  if (batch->first_sequence() < part.first) skipped_.push_back({batch->first_sequence(), part.first - 1});
  if (part.last < batch->last_sequence()) skipped_.push_back({part.last + 1, batch->last_sequence()});
  feed.state.hand_over_again(part, batch->memory_bytes());
  feed.deliver(batch, skipped_);
  return true;
}

// Hands over the batch with the cursor's next event, or finds out why it cannot. Returns false when it has to wait.
bool Feeds::feed_next(Lock& lock, Feed& feed) {
  const Sequence next = feed.state.next();
  event::BatchRef batch = in_memory(next);
  if (!batch) {
    bool later = false;
    batch = fetch(lock, feed, next, &later);
    if (!batch) return !later;
    if (!lags(feed) || feed.state.next() > batch->last_sequence()) return true;
    if (feed.state.next() < batch->first_sequence()) feed.state.pass(batch->first_sequence() - 1);
  }
  deliver_to(feed, batch);
  return true;
}

// With the lock held: no cursor will ever get these events.
void Feeds::lose(Sequence first, Sequence last, LossCause cause) {
  uint64_t most = 0;  // another cursor may have settled some of them
  for (const auto& [id, feed] : feeds_) {
    CursorState& state = feed->state;
    uint64_t here = 0;
    const auto lost = [&](Range part) { here += part.size(); };
    if (first <= last) {
      state.take_out(first, last, lost);
      state.take_out_again(first, last, lost);
    }
    state.count_lost(here);
    most = std::max(most, here);
    if (state.next() >= first) state.pass(last);
  }
  lost_[static_cast<std::size_t>(cause)] += most;
}

void Feeds::touched(const Database& database, std::size_t blocks) {
  // A look at a block's first page may map all of it.
  constexpr std::size_t kBlocksBetweenReleases = 4;
  blocks_touched_ += blocks;
  if (blocks_touched_ < kBlocksBetweenReleases) return;
  blocks_touched_ = 0;
  database.release_pages();
}

Result<Feeds::Revived> Feeds::revive_at(Sequence sequence) {
  struct Copy {
    Sequence first = 0, last = 0;
    std::string bytes;
  };
  CS_TRY(copy, database_.with([&](Database& database) -> Result<Copy> {
    Copy out;
    CS_TRY(txn, database.read());
    auto found = database.block_at(txn, sequence);
    CS_TRY(tail, database.tail(txn));
    out.first = out.last = tail.next - 1;
    if (!found) {
      if (found.error().message_code() != 5009) return std::move(found).error();
      CS_TRY(behind, database.behind_damage(txn, sequence));
      out.first = sequence;
      out.last = behind - 1;
      log::error(5009, {},
                 found.error().what() + ": the events " + range_text(out.first, out.last) +
                     " of the log cannot be found; they are lost");
      return out;
    }
    const auto& block = *found;
    if (!block) {  // nothing behind it any more
      out.first = sequence;
      return out;
    }
    out.first = block->first;
    out.bytes = block->bytes;
    CS_CHECK(database.walk_log(txn, block->first, [&](const Database::Block& other) {
      if (other.first != block->first) out.last = other.first - 1;
      return other.first == block->first;
    }));
    touched(database, 1);
    return out;
  }));
  return revive(copy.first, copy.last, std::move(copy.bytes));
}

Feeds::Revived Feeds::revive(Sequence first, Sequence last, std::string bytes) {
  Revived out;
  out.first = first;
  out.last = last;
  const auto block = BlockView::open(bytes, BlockView::Check::everything);
  if (!block) {
    out.raw = std::move(bytes);
    return out;
  }
  out.last = first + block->count() - 1;
  builder_.expect(bytes.size());
  for (uint32_t i = 0; i < block->count(); ++i) {
    if (revive_event_(block->event(i), builder_) && builder_.size() == i + 1) continue;
    while (builder_.size() > i) builder_.drop_last();
    builder_.add();  // keeps the place
    out.broken.push_back({first + i, first + i});
  }
  const auto batch = builder_.seal(clock_.mono_ns());
  batch->set_first_sequence(first);
  out.batch = batch;
  return out;
}

// ---- events that overtake ----

bool Feeds::wants_early(const Feed& feed) const {
  return lags(feed) && !feed.options.ordered && feed.options.priority_severity < static_cast<int32_t>(kSeverities) &&
         feed.state.may_hand_over_early() && feed.state.early_next() < end_;
}

// Looks through the next headers for a block with severe events and hands those over, as batches of consecutive ones.
// Returns whether it got ahead.
bool Feeds::feed_early(Lock& lock, Feed& feed) {
  const Sequence from = feed.state.early_next();
  // What lies behind it may be in the table already, but it is not published yet.
  const Sequence published = end_;
  const int32_t severe = feed.options.priority_severity;
  lock.unlock();
  Sequence looked = from, first = 0;
  auto found = database_.with([&](Database& database) -> Result<std::string> {
    std::string bytes;
    std::size_t seen = 0;
    CS_TRY(txn, database.read());
    CS_CHECK(database.walk_log(txn, from, [&](const Database::Block& block) {
      if (block.first >= published) return false;
      touched(database, 1);
      const auto header = BlockView::peek(block.bytes);
      if (!header) return ++seen < kHeadersAtOnce;  // found again, and reported, in its turn
      looked = block.first + header->count - 1;
      for (auto i = severity_index(severe); i < kSeverities && bytes.empty(); ++i)
        if (header->severity_count[i] > 0) bytes = block.bytes;
      if (!bytes.empty()) first = block.first;
      return bytes.empty() && ++seen < kHeadersAtOnce;
    }));
    return bytes;
  });
  const auto block = found ? BlockView::open(*found, BlockView::Check::everything) : std::nullopt;
  lock.lock();
  if (!found || !block) {
    feed.state.looked_for_early(looked);
    return found && looked > from;
  }
  for (uint32_t i = 0; i < block->count();) {
    if (block->severity(i) < severe || first + i < from) {
      ++i;
      continue;
    }
    uint32_t end = i + 1;
    while (end < block->count() && block->severity(end) >= severe) ++end;
    if (!wants_early(feed)) return true;  // goes on from here when some of them are settled
    const Range run{first + i, first + end - 1};
    feed.state.skipped_in(run.first, run.last, skipped_);
    if (skipped_.empty()) {
      uint64_t bytes = 0;
      bool good = true;
      for (uint32_t at = i; at < end && good; ++at) {
        good = revive_event_(block->event(at), builder_);
        bytes += block->event(at).size();
      }
      const auto batch = builder_.seal(clock_.mono_ns());
      if (good && batch->events().size() == run.size()) {
        batch->set_first_sequence(run.first);
        feed.state.hand_over_early(run, batch->memory_bytes());
        feed.state.ahead_bytes += bytes;
        feed.deliver(batch, {});
      }
    }
    feed.state.looked_for_early(run.last);
    i = end;
  }
  feed.state.looked_for_early(first + block->count() - 1);
  return true;
}

}  // namespace csiem::store
