// What happens when an exporter lags too far, or the store is full (delivery.md 6). On the writer's thread.
#include <algorithm>

#include "base/clock.hpp"
#include "base/log.hpp"
#include "store/dead_letters.hpp"
#include "store/feeds.hpp"

namespace csiem::store {
namespace {

// Blocks looked at in one short read transaction.
constexpr std::size_t kBlocksAtOnce = 8;
// Dead letters that one action makes at most, so that they fit into memory and into one group.
constexpr uint64_t kMostLetterBytes = 8U << 20;
constexpr std::string_view kSeverityWords[kSeverities] = {"info", "low", "medium", "high", "critical"};

struct Copied {
  Sequence first;
  std::string bytes;
};

Result<std::vector<Copied>> copy_blocks(SharedDatabase& database, Sequence from) {
  return database.with([&](Database& open) -> Result<std::vector<Copied>> {
    std::vector<Copied> out;
    CS_TRY(txn, open.read());
    CS_CHECK(open.walk_log(txn, from, [&](const Database::Block& block) {
      out.push_back({block.first, std::string(block.bytes)});
      return out.size() < kBlocksAtOnce;
    }));
    open.release_pages();
    return out;
  });
}

// How far behind: bytes of the log from the sequence on, and when the first of them was accepted.
struct Lag {
  uint64_t bytes = 0;
  int64_t accepted_unix_ns = 0;
};
Result<Lag> lag_at(SharedDatabase& database, Sequence sequence, const Tail& tail) {
  return database.with([&](Database& open) -> Result<Lag> {
    CS_TRY(txn, open.read());
    CS_TRY(block, open.block_at(txn, sequence));
    const auto header = block ? BlockView::peek(block->bytes) : std::nullopt;
    if (!header) return Lag{};
    return Lag{tail.log_bytes - std::min(tail.log_bytes, header->log_bytes_before), header->accepted_unix_ns};
  });
}

std::string by_severity_text(const BySeverity& counts) {
  std::string text;
  for (std::size_t i = 0; i < kSeverities; ++i)
    if (counts[i] > 0)
      text += (text.empty() ? "" : ", ") + std::string(kSeverityWords[i]) + " " + std::to_string(counts[i]);
  return text;
}

DeadLetter policy_letter(Sequence sequence, std::string_view json, const std::string& why, int64_t now_unix_ns) {
  DeadLetter letter;
  letter.sequence = sequence;
  letter.error_class = "policy";
  letter.code = 5010;
  letter.vendor_text = why;
  letter.first_attempt_unix_ns = letter.last_attempt_unix_ns = now_unix_ns;
  letter.event_json = json;
  return letter;
}

}  // namespace

// One action of a policy on one cursor: what it takes out, by severity.
struct Feeds::Shedding {
  Feeds& feeds;
  Feed& feed;
  BySeverity given_up{};
  uint64_t letters = 0, letter_bytes = 0, freed = 0;
  Sequence from = 0, to = 0;

  // With the lock held: events of the block that `wanted` says go, as far as they are neither settled nor handed over.
  template <class Wanted>
  void take(const BlockView& block, Sequence first, Wanted&& wanted) {
    for (uint32_t i = 0; i < block.count();) {
      uint32_t end = i;
      while (end < block.count() && wanted(end)) ++end;
      if (end > i)
        feed.state.take_out(first + i, first + end - 1, [&](Range part) {
          if (from == 0) from = part.first;
          to = part.last;
          for (Sequence at = part.first; at <= part.last; ++at) {
            const auto index = static_cast<uint32_t>(at - first);
            const auto severity = severity_index(block.severity(index));
            feed.state.count_dropped(severity, 1);
            ++given_up[severity];
            freed += block.event(index).size();
          }
        });
      i = end + 1;
    }
  }
  void bury(const BlockView& block, Sequence first, const std::string& why, int64_t now_unix_ns) {
    feed.state.take_out(first, first + block.count() - 1, [&](Range part) {
      if (from == 0) from = part.first;
      to = part.last;
      feed.state.count_dead(part.size());
      letters += part.size();
      for (Sequence at = part.first; at <= part.last; ++at) {
        const auto index = static_cast<uint32_t>(at - first);
        const auto json = block.event(index);
        ++given_up[static_cast<std::size_t>(block.severity(index))];
        feeds.letters_.emplace_back(feed.id, policy_letter(at, json, why, now_unix_ns));
        freed += json.size();
        letter_bytes += json.size();
      }
    });
  }
};

void Feeds::enforce_limits(const Tail& tail) {
  std::vector<Handle> all;
  {
    const std::lock_guard lock(mutex_);
    for (const auto& [id, feed] : feeds_)
      if (feed->state.next() < end_) all.push_back(feed);
  }
  const int64_t now = clock_.unix_ns();
  for (const Handle& feed : all) {
    Lock lock(mutex_);
    const Sequence next = feed->state.next();
    const CursorLimits limits = feed->state.limits;
    const uint64_t ahead = feed->state.ahead_bytes;
    const bool orphan = !feed->open;
    lock.unlock();
    const auto lag = lag_at(database_, next, tail);
    if (!lag) return;
    const uint64_t bytes = lag->bytes - std::min(lag->bytes, ahead);
    {
      const std::lock_guard keep(mutex_);
      feed->lag_bytes = bytes;
    }
    const bool too_old =
        lag->accepted_unix_ns != 0 && std::max<int64_t>(now - lag->accepted_unix_ns, 0) / kNsPerMs > limits.max_age_ms;
    if (bytes <= limits.max_bytes && !too_old) continue;
    const std::string why = too_old ? "queue.max_age is reached" : "queue.max_bytes is reached";
    if (orphan) {
      if (clock_.mono_ns() - started_ns_ > kClaimNs) remove_orphan(*feed, why);
      continue;
    }
    if (limits.when_full == WhenFull::block) continue;
    give_up(*feed, too_old ? 0 : bytes - limits.max_bytes / 10 * 9, Give::by_policy, why);
  }
  find_holes();
}

// `bytes` 0: what is older than the age limit. Returns what was freed.
uint64_t Feeds::give_up(Feed& feed, uint64_t bytes, Give how, const std::string& why) {
  const int64_t now = clock_.unix_ns();
  Shedding shed{*this, feed};
  Lock lock(mutex_);
  const CursorLimits limits = feed.state.limits;
  const auto done = [&] { return bytes != 0 && shed.freed >= bytes; };

  // Step by step the least severe ones, the oldest of them first.
  if (how == Give::by_policy && bytes != 0 && limits.when_full == WhenFull::drop_lowest_severity) {
    for (int severity = 0; severity < static_cast<int>(kSeverities) && !done(); ++severity) {
      Sequence at = feed.state.next();
      while (at < end_ && !done() && feed.state.gaps() < CursorState::kMostGaps) {
        lock.unlock();
        const auto blocks = copy_blocks(database_, at);
        lock.lock();
        if (!blocks || blocks->empty()) break;
        for (const Copied& copy : *blocks) {
          if (done() || copy.first >= end_) break;
          const auto block = BlockView::open(copy.bytes, BlockView::Check::everything);
          if (block) shed.take(*block, copy.first, [&](uint32_t i) { return block->severity(i) == severity; });
          at = copy.first + (block ? block->count() : 1);
        }
        if (blocks->size() < kBlocksAtOnce) break;
      }
    }
    feed.state.ahead_bytes += shed.freed;
  }

  // Whole blocks, the oldest first.
  bool to_letters = limits.when_full == WhenFull::dead_letter && limits.keeps_letters;
  if (to_letters) {
    lock.unlock();
    const auto totals = database_.with([&](Database& database) -> Result<LetterTotals> {
      CS_TRY(txn, database.read());
      return letter_totals(txn, database, feed.id);
    });
    lock.lock();
    to_letters = totals && totals->bytes < limits.dead_max_bytes;
  }
  bool more = true;
  while (more && !done() && feed.state.next() < end_ && (!to_letters || shed.letter_bytes < kMostLetterBytes)) {
    const Sequence next = feed.state.next();
    lock.unlock();
    const auto blocks = copy_blocks(database_, next);
    lock.lock();
    if (!blocks || blocks->empty() || feed.state.next() != next) break;
    for (const Copied& copy : *blocks) {
      more = !done() && copy.first < end_ && (!to_letters || shed.letter_bytes < kMostLetterBytes);
      const auto block = BlockView::open(copy.bytes, BlockView::Check::everything);
      // A damaged block is the feeder's to report.
      if (!block || (bytes == 0 && (now - block->header().accepted_unix_ns) / kNsPerMs <= limits.max_age_ms))
        more = false;
      if (!more) break;
      if (to_letters)
        shed.bury(*block, copy.first, why, now);
      else
        shed.take(*block, copy.first, [](uint32_t) { return true; });
      feed.state.pass(copy.first + block->count() - 1);
    }
  }
  if (shed.from == 0) return 0;
  const auto tell = gap_told_;
  tell_change(lock);
  const std::string range = "events " + std::to_string(shed.from) + " to " + std::to_string(shed.to);
  if (shed.letters > 0)
    log::warn(5010, feed.id, why + ": " + std::to_string(shed.letters) + " events went to the dead letters; " + range);
  else
    log::warn(5010, feed.id, why + ": events dropped: " + by_severity_text(shed.given_up) + "; " + range);
  if (tell && *tell) (*tell)({feed.id, shed.from, shed.to, shed.given_up, shed.letters > 0, why, now});
  return shed.freed;
}

bool Feeds::make_room(uint64_t bytes) {
  Handle slowest;
  {
    const std::lock_guard lock(mutex_);
    for (const auto& [id, feed] : feeds_)
      if (!slowest || feed->state.next() < slowest->state.next()) slowest = feed;
    if (!slowest || slowest->state.next() >= end_) return false;
    if (slowest->open && slowest->state.limits.when_full == WhenFull::block) return false;
  }
  const std::string why = "the store is full";
  if (!slowest->open) {
    remove_orphan(*slowest, why);
    return true;
  }
  // Only whole blocks free anything, so the severity does not count here.
  const bool gave = give_up(*slowest, bytes, Give::whole_blocks, why) > 0;
  find_holes();
  return gave;
}

// What a cursor holds that cannot deliver lies in front of what it gave up: blocks are freed behind it, too.
void Feeds::find_holes() {
  constexpr uint64_t kWorthIt = 64;  // events; smaller ranges hardly hold a whole block
  Lock lock(mutex_);
  if (feeds_.empty()) return;
  std::vector<Range> common{{1, end_ - 1}}, narrower;
  Sequence passed = end_;
  for (const auto& [id, feed] : feeds_) {
    passed = std::min(passed, feed->state.frontier());
    narrower.clear();
    for (const Range& range : common)
      feed->state.settled().settled_in(range.first, range.last, [&](Sequence first, Sequence last) {
        if (last - first + 1 >= kWorthIt) narrower.push_back({first, last});
      });
    common.swap(narrower);
  }
  for (const Range& range : common) {
    if (range.last < passed) continue;
    bool fresh = false;
    erased_.add(range.first, range.last, [&](Sequence, Sequence) { fresh = true; });
    if (fresh) holes_.push_back(range);
  }
  if (!holes_.empty()) tell_change(lock);
}

void Feeds::remove_orphan(Feed& feed, const std::string& why) {
  const std::string id = feed.id;
  {
    Lock lock(mutex_);
    if (feed.open) return;
    removed_.push_back(id);
    feeds_.erase(id);
    tell_change(lock);
  }
  log::warn(5012, id, why + ": the place of this exporter, which is not configured any more, is forgotten");
}

}  // namespace csiem::store
