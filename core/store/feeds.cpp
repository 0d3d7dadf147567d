#include "store/feeds.hpp"

#include <algorithm>

#include "base/log.hpp"
#include "store/dead_letters.hpp"

namespace csiem::store {

Feeds::Feeds(SharedDatabase& database, const Options& options, std::function<void()> changed)
    : database_(database),
      clock_(options.clock != nullptr ? *options.clock : system_clock()),
      revive_event_(options.revive),
      changed_(std::move(changed)),
      recent_(options.ring_bytes) {}

Feeds::~Feeds() { stop(); }

void Feeds::load(std::string exporter, CursorState state) {
  auto feed = std::make_shared<Feed>();
  feed->id = exporter;
  feed->state = std::move(state);
  feeds_.emplace(std::move(exporter), std::move(feed));
}

void Feeds::start(Sequence end) {
  end_ = end;
  started_ns_ = clock_.mono_ns();
  thread_ = std::thread([this] { run(); });
}

void Feeds::stop() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
    for (const auto& [id, feed] : feeds_) feed->deliver = nullptr;
  }
  work_.notify_all();
  if (thread_.joinable()) thread_.join();
}

// ---- cursors ----

Result<Feeds::Handle> Feeds::open(const CursorOptions& options) {
  Lock lock(mutex_);
  auto at = feeds_.find(options.exporter_id);
  if (at == feeds_.end()) {
    Sequence origin = end_;
    const bool lost = !lost_places_.empty();
    if (options.start != CursorOptions::Start::now || lost) {
      const int64_t since = options.start == CursorOptions::Start::time && !lost ? options.start_unix_ns : 0;
      lock.unlock();
      auto found = database_.with([&](Database& database) -> Result<Sequence> {
        Sequence first = 0;
        CS_TRY(txn, database.read());
        CS_CHECK(database.walk_log(txn, 1, [&](const Database::Block& block) {
          const auto header = BlockView::peek(block.bytes);
          if (header && header->accepted_unix_ns >= since) first = block.first;
          return first == 0;
        }));
        return first;
      });
      if (!found) return std::move(found).error();
      lock.lock();
      if (*found != 0) origin = *found;
    }
    auto feed = std::make_shared<Feed>();
    feed->id = options.exporter_id;
    feed->state = CursorState(origin);
    at = feeds_.emplace(options.exporter_id, std::move(feed)).first;
  }
  const Handle feed = at->second;
  if (feed->open) return Error{Code::invalid, "exporter " + options.exporter_id + ": opened twice"};
  feed->open = true;
  lost_places_.erase(options.exporter_id);
  feed->options = options;
  // What is handed over cannot be given up any more.
  feed->options.window_bytes = std::min<uint64_t>(options.window_bytes, options.limits.max_bytes);
  feed->state.limits = options.limits;
  feed->state.opened_unix_ns = clock_.unix_ns();
  feed->state.changed = true;
  tell_change(lock);
  return feed;
}

void Feeds::start_delivery(const Handle& feed, Deliver deliver) {
  {
    const std::lock_guard lock(mutex_);
    feed->deliver = std::move(deliver);
  }
  wake_feeder();
}

void Feeds::close(const Handle& feed) {
  const std::lock_guard lock(mutex_);
  feed->deliver = nullptr;
  feed->open = false;
  // What was on its way is not any more: it will be sent again, and may not end as a dead letter then.
  std::erase_if(letters_, [&](const auto& letter) {
    return letter.first == feed->id && !feed->state.is_settled(letter.second.sequence);
  });
  if (auto state = CursorState::decode(feed->state.encode())) {
    state->changed = feed->state.changed;
    feed->state = *std::move(state);
  }
}

void Feeds::settle(const Handle& feed, Sequence first, Sequence last, const std::array<uint64_t, 4>& counts) {
  Lock lock(mutex_);
  feed->state.settle(first, std::min(last, end_ - 1), counts);
  const bool hungry = waits(*feed) && feed->state.has_room(feed->options.window_bytes);
  tell_change(lock);
  if (hungry) wake_feeder();
}

void Feeds::dead_letter(const Handle& feed, DeadLetter letter) {
  {
    const std::lock_guard lock(mutex_);
    if (!feed->state.limits.keeps_letters) {
      ++letters_dropped_;
      return;
    }
  }
  keep_letter(feed->id, std::move(letter));
}

void Feeds::keep_letter(const std::string& exporter, DeadLetter letter) {
  // Its age decides how long it is kept.
  if (letter.last_attempt_unix_ns == 0) letter.last_attempt_unix_ns = clock_.unix_ns();
  Lock lock(mutex_);
  letters_.emplace_back(exporter, std::move(letter));
  tell_change(lock);
}

void Feeds::erase_letter(const std::string& exporter, Sequence sequence) {
  Lock lock(mutex_);
  erased_letters_.emplace_back(exporter, sequence);
  tell_change(lock);
}

Ledger Feeds::ledger(const Handle& feed) const {
  const std::lock_guard lock(mutex_);
  return feed->state.ledger(end_);
}

Lag Feeds::lag(const Handle& feed) const {
  const std::lock_guard lock(mutex_);
  const Sequence next = feed->state.next();
  const bool in_memory = next >= end_ || recent_.find(next) != nullptr;
  return {in_memory, in_memory ? 0 : feed->lag_bytes, feed->options.limits.max_bytes};
}

void Feeds::set_window(const Handle& feed, std::size_t bytes) {
  {
    const std::lock_guard lock(mutex_);
    // What is handed over cannot be given up any more.
    feed->options.window_bytes = std::min<uint64_t>(bytes, feed->options.limits.max_bytes);
  }
  wake_feeder();
}

void Feeds::let_go(const Handle& feed, Sequence any) {
  {
    const std::lock_guard lock(mutex_);
    feed->state.let_go(any);
    if (!waits(*feed) || !feed->state.has_room(feed->options.window_bytes)) return;
  }
  wake_feeder();
}

void Feeds::give_back(const Handle& feed, Sequence first, Sequence last) {
  {
    const std::lock_guard lock(mutex_);
    feed->state.give_back(first, last);
  }
  wake_feeder();
}

void Feeds::save_state(const Handle& feed, std::string text) {
  Lock lock(mutex_);
  feed->state.state = std::move(text);
  feed->state.changed = true;
  tell_change(lock);
}

std::string Feeds::state(const Handle& feed) const {
  const std::lock_guard lock(mutex_);
  return feed->state.state;
}

uint64_t Feeds::unsettled_events() const {
  const std::lock_guard lock(mutex_);
  uint64_t most = 0;
  for (const auto& [id, feed] : feeds_)
    if (feed->open) most = std::max(most, feed->state.ledger(end_).queued());
  return most;
}

void Feeds::add_figures(Figures& figures) const {
  std::vector<Sequence> frontiers;
  {
    const std::lock_guard lock(mutex_);
    figures.lost = lost_;
    figures.letters_dropped += letters_dropped_;
    for (const auto& [id, feed] : feeds_) {
      if (!feed->open) continue;
      figures.exporters.push_back({.id = id, .lag_limit_bytes = feed->state.limits.max_bytes});
      frontiers.push_back(feed->state.frontier());
    }
  }
  // What cannot be read stays 0.
  static_cast<void>(database_.with([&](Database& database) -> Result<void> {
    CS_TRY(txn, database.read());
    CS_TRY(tail, database.tail(txn));
    for (std::size_t i = 0; i < frontiers.size(); ++i) {
      Figures::Exporter& exporter = figures.exporters[i];
      CS_TRY(letters, letter_totals(txn, database, exporter.id));
      exporter.letters = letters.count;
      exporter.letter_bytes = letters.bytes;
      if (frontiers[i] >= tail.next) continue;
      CS_TRY(block, database.block_at(txn, frontiers[i]));
      const auto header = block ? BlockView::peek(block->bytes) : std::nullopt;
      if (!header) continue;
      exporter.lag_bytes = tail.log_bytes - std::min(tail.log_bytes, header->log_bytes_before);
      exporter.oldest_unix_ns = header->accepted_unix_ns;
    }
    figures.quarantined = database.quarantined(txn);
    return {};
  }));
}

CursorLimits Feeds::limits(const std::string& exporter) const {
  const std::lock_guard lock(mutex_);
  const auto at = feeds_.find(exporter);
  return at == feeds_.end() ? CursorLimits{} : at->second->state.limits;
}

std::optional<int64_t> Feeds::letter_age_limit_ms(const std::string& exporter) const {
  const std::lock_guard lock(mutex_);
  const auto at = feeds_.find(exporter);
  const bool open = at != feeds_.end() && at->second->open;
  if (!open && clock_.mono_ns() - started_ns_ < kClaimNs) return std::nullopt;
  return (at == feeds_.end() ? CursorLimits{} : at->second->state.limits).dead_max_age_ms;
}

// ---- the writer ----

void Feeds::Changes::merge(Changes&& later) {
  const auto add = [](auto& to, auto& from) {
    to.insert(to.end(), std::make_move_iterator(from.begin()), std::make_move_iterator(from.end()));
  };
  add(cursors, later.cursors);
  add(removed, later.removed);
  add(letters, later.letters);
  add(erased_letters, later.erased_letters);
  add(damaged, later.damaged);
  add(holes, later.holes);
  passed = later.passed;
}

Feeds::Changes Feeds::take_changes() {
  Changes out;
  const std::lock_guard lock(mutex_);
  change_told_ = false;
  // A letter and the settlement of its event are written together.
  const auto settled = std::stable_partition(letters_.begin(), letters_.end(), [&](const auto& letter) {
    const auto feed = feeds_.find(letter.first);
    return feed != feeds_.end() && !feed->second->state.is_settled(letter.second.sequence);
  });
  out.letters.assign(std::make_move_iterator(settled), std::make_move_iterator(letters_.end()));
  letters_.erase(settled, letters_.end());
  out.erased_letters = std::exchange(erased_letters_, {});
  out.damaged = std::exchange(damaged_, {});
  out.removed = std::exchange(removed_, {});
  out.holes = std::exchange(holes_, {});
  out.passed = end_;
  for (const auto& [id, feed] : feeds_) {
    out.passed = std::min(out.passed, feed->state.frontier());
    if (std::exchange(feed->state.changed, false)) out.cursors.emplace_back(id, feed->state.encode());
  }
  return out;
}

void Feeds::committed(const std::vector<event::BatchRef>& batches) {
  if (batches.empty()) return;
  bool hungry = false;
  {
    const std::lock_guard lock(mutex_);
    const Sequence end = batches.back()->last_sequence() + 1;
    Sequence needed = end;
    for (const event::BatchRef& batch : batches) {
      const Sequence first = batch->first_sequence();
      // Who is behind what is kept reads the log until he is at its end: for him nothing is kept.
      const Sequence kept_from = recent_.empty() ? first : recent_.first();
      bool missed = false;
      for (const auto& [id, feed] : feeds_) {
        if (!feed->deliver) continue;
        if (feed->state.next() == first && end_ == first && feed->state.has_room(feed->options.window_bytes)) {
          deliver_to(*feed, batch);
        } else {
          missed = missed || feed->state.next() >= kept_from;
          hungry = hungry || feed->state.has_room(feed->options.window_bytes) || !feed->options.ordered;
        }
      }
      end_ = batch->last_sequence() + 1;
      if (missed) recent_.push(batch);
    }
    for (const auto& [id, feed] : feeds_)
      if (feed->deliver && !recent_.empty() && feed->state.next() >= recent_.first())
        needed = std::min(needed, feed->state.next());
    recent_.trim(needed);
  }
  if (hungry) wake_feeder();
}

// With the lock held. The batch holds next().
void Feeds::deliver_to(Feed& feed, const event::BatchRef& batch) {
  const Sequence first = batch->first_sequence(), last = batch->last_sequence();
  const Sequence from = feed.state.next();
  feed.state.skipped_in(first, last, skipped_);
  uint64_t events = batch->events().size();
  for (const Range& skip : skipped_) {
    events -= skip.size();
    for (Sequence at = std::max(skip.first, from); at <= skip.last; ++at)
      feed.state.ahead_bytes -=
          std::min<uint64_t>(feed.state.ahead_bytes, batch->events()[at - first].canonical_json.len);
  }
  if (events == 0) {
    feed.state.pass(last);
    return;
  }
  feed.state.hand_over(first, last, events, batch->memory_bytes());
  feed.deliver(batch, skipped_);
}

void Feeds::wake_feeder() {
  {
    const std::lock_guard lock(mutex_);
    if (std::exchange(feeder_woken_, true)) return;
  }
  work_.notify_one();
}

// Releases the lock.
void Feeds::tell_change(Lock& lock) {
  const bool tell = !std::exchange(change_told_, true);
  lock.unlock();
  if (tell) changed_();
}

}  // namespace csiem::store
