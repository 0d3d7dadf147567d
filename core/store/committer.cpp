#include "store/committer.hpp"

#include <pthread.h>

#include <algorithm>
#include <chrono>
#include <limits>

#include "base/fault_point.hpp"
#include "base/log.hpp"
#include "store/dead_letters.hpp"
#include "store/kept_lines.hpp"

namespace csiem::store {
namespace {

using std::chrono::nanoseconds;

constexpr std::size_t kGroupEvents = 5'000, kGroupBlocks = 16;
constexpr int64_t kLazyNs = 100'000'000;
constexpr int64_t kRetryNs = 1'000'000'000;
constexpr int64_t kLookAtLimitsNs = 1'000'000'000;
constexpr std::size_t kBlocksDeletedAtOnce = 256;
constexpr std::size_t kReleaseBytes = 8U << 20;
// Of Durability::interval: then a sync comes before its time. What is freed until then makes the file grow instead.
constexpr std::size_t kMostUnsyncedBytes = 64U << 20;
// Old dead letters: so many are looked at in one go, until the end; then a pause.
constexpr std::size_t kLettersAtOnce = 4096;
constexpr int64_t kLettersSpacingNs = 1'000'000'000, kLettersPauseNs = 60'000'000'000;
// After a start: by then the exporters have their cursors, and with them the limits of the configuration.
constexpr int64_t kLettersDelayNs = 2'000'000'000;
constexpr std::size_t kMostQuarantined = 10'000;
// What ingest::RecentIds can hold, and its window.
constexpr Sequence kRecentEvents = 12 << 14;
constexpr int64_t kRecentNs = int64_t{3600} * 1'000'000'000;

}  // namespace

Committer::Committer(SharedDatabase& database, Feeds& feeds, const Options& options, Tail tail)
    : database_(database),
      feeds_(feeds),
      clock_(options.clock != nullptr ? *options.clock : system_clock()),
      disk_space_(options.disk_space),
      durability_(options.durability),
      sync_interval_ns_(std::max<int64_t>(options.sync_interval_ms, 1) * 1'000'000),
      max_bytes_(options.max_bytes),
      max_uncommitted_bytes_(options.max_uncommitted_bytes),
      next_(tail.next),
      durable_(tail.next - 1),
      committed_(tail),
      expired_at_ns_(clock_.mono_ns() + kLettersDelayNs) {}

Committer::~Committer() { stop(); }

void Committer::start() {
  thread_ = std::thread([this] { run(); });
}

void Committer::stop() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  work_.notify_all();
  if (thread_.joinable()) thread_.join();
}

// ---- any thread ----

void Committer::append(const std::shared_ptr<event::EventBatch>& batch, const std::string& source,
                       std::string checkpoint) {
  const bool has_events = batch != nullptr && !batch->empty();
  const std::size_t bytes = has_events ? block_bytes(*batch, {source, checkpoint}) : 0;
  const Lock lock(mutex_);
  if (has_events) {
    batch->set_first_sequence(next_);
    next_ += batch->events().size();
    items_.push_back({batch, clock_.unix_ns(), bytes, source, checkpoint});
    uncommitted_bytes_ += bytes;
    uncommitted_events_ += batch->events().size();
  }
  if (!checkpoint.empty()) waiting_checkpoints_.push_back({items_.size(), {source, std::move(checkpoint)}});
  decide_waiting();
  if (has_events)
    work_.notify_one();
  else if (lazy_since_ns_ == 0) {
    lazy_since_ns_ = clock_.mono_ns();
    work_.notify_one();
  }
}

void Committer::quarantine(std::string line) {
  const Lock lock(mutex_);
  uncommitted_bytes_ += line.size();
  quarantined_.push_back(std::move(line));
  decide_waiting();
  if (lazy_since_ns_ == 0) {
    lazy_since_ns_ = clock_.mono_ns();
    work_.notify_one();
  }
}

void Committer::feeds_changed() {
  const Lock lock(mutex_);
  if (lazy_since_ns_ != 0) return;
  lazy_since_ns_ = clock_.mono_ns();
  work_.notify_one();
}

uint64_t Committer::uncommitted_events() const {
  const Lock lock(mutex_);
  return uncommitted_events_;
}

Result<void> Committer::flush() {
  Lock lock(mutex_);
  const uint64_t ticket = ++flush_asked_;
  work_.notify_all();
  done_.wait(lock, [&] { return flush_done_ >= ticket || stopping_; });
  return flush_result_;
}

void Committer::on_progress(std::function<void()> notify) {
  const Lock lock(mutex_);
  progress_ = std::make_shared<const std::function<void()>>(std::move(notify));
}

void Committer::on_publish(std::function<void(const event::BatchRef&)> publish) {
  const Lock lock(mutex_);
  publish_ = std::make_shared<const std::function<void(const event::BatchRef&)>>(std::move(publish));
}

// With the lock held.
void Committer::decide_waiting() {
  const bool wait = uncommitted_bytes_ >= max_uncommitted_bytes_ || health() != Health::ok;
  must_wait_.store(wait, std::memory_order_release);
}

// ---- the writer's thread ----

void Committer::run() {
  pthread_setname_np(pthread_self(), "store-write");
  Lock lock(mutex_);
  lock.unlock();
  look_at_disk();
  lock.lock();
  decide_waiting();
  while (!stopping_) {
    wait_for_work(lock);
    if (stopping_) break;
    const uint64_t ticket = flush_asked_;
    Group group = gather();
    Result<void> result;
    bool done = true;
    if (!group.empty() || more_to_delete_) done = write_until_done(lock, group, result);
    const bool all = items_.empty() && quarantined_.empty() && waiting_checkpoints_.empty();
    if (flush_done_ < ticket && all && done) {
      lock.unlock();
      auto synced = sync_if_due(true);
      lock.lock();
      decide_waiting();
      flush_result_ = std::move(synced);
      flush_done_ = ticket;
      done_.notify_all();
    }
  }
  done_.notify_all();
  lock.unlock();
  end_safe_points();
}

void Committer::wait_for_work(Lock& lock) {
  const auto urgent = [&] { return stopping_ || !items_.empty() || flush_asked_ != flush_done_; };
  while (!urgent()) {
    const int64_t now = clock_.mono_ns();
    int64_t until = now + 10 * kLookAtLimitsNs;
    if (lazy_since_ns_ != 0) until = lazy_since_ns_ + kLazyNs;
    if (unsynced_ && durability_ == Durability::interval) until = std::min(until, synced_at_ns_ + sync_interval_ns_);
    until = std::min(until, expired_at_ns_);
    if (disk_.low()) until = std::min(until, now + kLookAtLimitsNs);
    const bool letters = !expired_.empty() || !damaged_letters_.empty();
    if (more_to_delete_ || letters || (lazy_since_ns_ != 0 && until <= now)) return;
    if (until > now) work_.wait_for(lock, nanoseconds(until - now));
    lock.unlock();
    const bool unsafe = unsafe_;
    static_cast<void>(sync_if_due(false));
    if (own_health() == Health::full || clock_.mono_ns() >= limits_at_ns_ + 10 * kLookAtLimitsNs) {
      limits_at_ns_ = clock_.mono_ns();
      feeds_.enforce_limits(committed_);
      release_pages();
    }
    look_for_expired();
    const bool changed = look_at_disk() || unsafe != unsafe_;
    lock.lock();
    if (!changed) continue;
    decide_waiting();
    if (must_wait()) continue;
    const auto progress = progress_;
    lock.unlock();
    if (progress && *progress) (*progress)();
    lock.lock();
  }
}

// With the lock held.
Committer::Group Committer::gather() {
  Group group;
  std::size_t events = 0, taken = 0;
  while (taken < items_.size() && taken < kGroupBlocks && events < kGroupEvents)
    events += items_[taken++].batch->events().size();
  group.items.assign(std::make_move_iterator(items_.begin()),
                     std::make_move_iterator(items_.begin() + static_cast<std::ptrdiff_t>(taken)));
  items_.erase(items_.begin(), items_.begin() + static_cast<std::ptrdiff_t>(taken));
  std::size_t kept = 0;
  for (auto& [behind, checkpoint] : waiting_checkpoints_) {
    if (behind <= taken) {
      group.checkpoints[checkpoint.first] = std::move(checkpoint.second);
    } else {
      waiting_checkpoints_[kept++] = {behind - taken, std::move(checkpoint)};
    }
  }
  waiting_checkpoints_.resize(kept);
  group.quarantined = std::exchange(quarantined_, {});
  group.expired = std::exchange(expired_, {});
  group.damaged_letters = std::exchange(damaged_letters_, {});
  lazy_since_ns_ = 0;
  group.changes = feeds_.take_changes();
  group.changes.holes.insert(group.changes.holes.end(), holes_.begin(), holes_.end());
  group.tail = {committed_.next + events, committed_.log_bytes};
  for (const Item& item : group.items) {
    group.tail.log_bytes += item.block_bytes;
    group.bytes += item.block_bytes;
  }
  for (const std::string& line : group.quarantined) group.bytes += line.size();
  CSIEM_FAULT_POINT("group-gathered");
  return group;
}

// Returns false when the store is stopped before the group could be written.
bool Committer::write_until_done(Lock& lock, Group& group, Result<void>& result) {
  for (;;) {
    lock.unlock();
    result = write(group);
    note(result);
    lock.lock();
    if (result) break;
    // A failing flush must not wait for a repair.
    if (flush_asked_ != flush_done_) {
      flush_result_ = result;
      flush_done_ = flush_asked_;
      done_.notify_all();
    }
    decide_waiting();
    work_.wait_for(lock, nanoseconds(kRetryNs), [&] { return stopping_ || flush_asked_ != flush_done_; });
    if (stopping_) return false;
  }
  lock.unlock();
  published(group);
  lock.lock();
  uncommitted_bytes_ -= group.bytes;
  for (const Item& item : group.items) uncommitted_events_ -= item.batch->events().size();
  decide_waiting();
  const auto progress = must_wait() ? nullptr : progress_;
  lock.unlock();
  group.items.clear();  // not under the lock: the memory goes back to its pool
  if (progress && *progress) (*progress)();
  lock.lock();
  return true;
}

Result<void> Committer::write(Group& group) {
  bool more = false;
  uint64_t used = 0;
  std::vector<Range> left;
  const auto try_once = [&] {
    return database_.with([&](Database& database) { return write_group(database, group, more, used, left); });
  };
  auto written = try_once();
  // The safe point holds what was freed behind it.
  if (!written && written.error().message_code() == 5007 && durability_ == Durability::interval && sync_if_due(true))
    written = try_once();
  if (!written && written.error().message_code() == 5007) {
    // No room: what exporters give up makes some.
    health_.store(Health::full, std::memory_order_release);
    if (!feeds_.make_room(group.bytes + max_bytes_ / 64)) return written;
    group.changes.merge(feeds_.take_changes());
    written = try_once();
  }
  if (!written && written.error().message_code() == 5007) return written;
  if (!written && (written.error().code() == Code::internal || written.error().message_code() == 5008)) {
    bool already = false;
    if (auto opened = reopen(group, already); !opened) {
      if (++failed_syncs_ >= 2) health_.store(Health::failed, std::memory_order_release);
      return opened;
    }
    written = database_.with([&](Database& database) {
      return already ? confirm(database, group.tail) : write_group(database, group, more, used, left);
    });
    if (!written && ++failed_syncs_ >= 2) {
      health_.store(Health::failed, std::memory_order_release);
      return written;
    }
  }
  if (!written) {
    if (own_health() == Health::ok) health_.store(Health::failing, std::memory_order_release);
    return written;
  }
  failed_syncs_ = 0;
  holes_ = std::move(left);
  more_to_delete_ = more || !holes_.empty();
  if (used != 0) used_bytes_ = used;
  committed_ = group.tail;
  unsynced_ = true;
  unsynced_bytes_ += group.bytes;
  count(group);
  const bool full = used_bytes_ >= max_bytes_;
  if (full && own_health() != Health::full)
    log::warn(5007, {}, "store.max_bytes is used up: the sources wait until exporters have made room");
  health_.store(full ? Health::full : Health::ok, std::memory_order_release);
  return {};
}

Result<void> Committer::write_group(Database& database, const Group& group, bool& more_to_delete, uint64_t& used,
                                    std::vector<Range>& left) {
  left.clear();
  CS_CHECK(database.in_place());
  CS_TRY(txn, database.write());
  CSIEM_FAULT_POINT("txn-open");
  uint64_t log_bytes = committed_.log_bytes;
  const int64_t now = clock_.unix_ns();
  for (const Item& item : group.items) {
    if (item.block_bytes == 0) return Error{Code::limit, "a batch of more than 4 GiB cannot be stored", 5005};
    CS_CHECK(database.put_block(txn, *item.batch, item.origin(), item.accepted_unix_ns, log_bytes, item.block_bytes));
    CS_CHECK(database.put_recent(txn, *item.batch, item.accepted_unix_ns));
    log_bytes += item.block_bytes;
  }
  // In front of the deletions, which look where the log ends.
  CS_CHECK(database.put_tail(txn, group.tail));
  CSIEM_FAULT_POINT("block-put");
  for (const auto& [source, text] : group.checkpoints) CS_CHECK(database.put_checkpoint(txn, source, text));
  CSIEM_FAULT_POINT("checkpoint-put");
  for (const auto& line : group.quarantined) CS_CHECK(database.put_quarantined(txn, line, kMostQuarantined));
  for (const auto& [first, raw] : group.changes.damaged) {
    CS_CHECK(database.put_quarantined(txn, damaged_block_line(first, raw, now), kMostQuarantined));
    CS_CHECK(database.erase_block(txn, first));
  }
  for (const auto& [exporter, letter] : group.changes.letters) CS_CHECK(put_letter(txn, database, exporter, letter));
  for (const auto& [exporter, sequence] : group.changes.erased_letters)
    CS_CHECK(erase_letter(txn, database, exporter, sequence));
  CSIEM_FAULT_POINT("dead-put");
  for (const auto& [exporter, record] : group.changes.cursors) CS_CHECK(database.put_cursor(txn, exporter, record));
  for (const auto& exporter : group.changes.removed) CS_CHECK(database.erase_cursor(txn, exporter));
  CS_CHECK(erase_expired(database, txn, group));
  CS_CHECK(move_damaged(database, txn, group));
  if (!group.changes.letters.empty()) trim_dead_letters(database, txn, group);
  CS_TRY(more, database.erase_blocks(txn, group.changes.passed, kBlocksDeletedAtOnce));
  more_to_delete = more;
  for (const Range& hole : group.changes.holes) {
    CS_TRY(rest, database.erase_inside(txn, hole, kBlocksDeletedAtOnce));
    if (rest) left.push_back(hole);
  }
  CSIEM_FAULT_POINT("block-deleted");
  if (!group.items.empty()) {
    const Sequence next = group.tail.next;
    CS_CHECK(database.trim_recent(txn, next > kRecentEvents ? next - kRecentEvents : 0, now - kRecentNs));
  }
  used = database.used_bytes(txn);
  CSIEM_FAULT_POINT("before-commit");
  CS_CHECK(txn.commit());
  CSIEM_FAULT_POINT("after-commit");
  return {};
}

// What is read back after a failed sync may not be on the disk: a commit that succeeds behind it says that it is.
Result<void> Committer::confirm(Database& database, const Tail& tail) {
  CS_TRY(txn, database.write());
  CS_CHECK(database.put_tail(txn, tail));
  return txn.commit();
}

Result<void> Committer::erase_expired(Database& database, lmdb::Transaction& txn, const Group& group) {
  std::map<std::string, uint64_t> gone;
  for (const LetterKey& letter : group.expired) {
    CS_TRY(erased, erase_letter(txn, database, letter.exporter, letter.sequence));
    gone[letter.exporter] += erased;
  }
  for (const auto& [exporter, letters] : gone) {
    letters_dropped_.fetch_add(letters, std::memory_order_relaxed);
    log::warn(5011, exporter, std::to_string(letters) + " dead letters were dropped: older than dlq.max_age");
  }
  return {};
}

Result<void> Committer::move_damaged(Database& database, lmdb::Transaction& txn, const Group& group) {
  if (group.damaged_letters.empty()) return {};
  CS_TRY(moved, quarantine_letters(txn, database, group.damaged_letters, clock_.unix_ns(), kMostQuarantined));
  letters_damaged_.fetch_add(moved, std::memory_order_relaxed);
  if (moved > 0) log::error(5017, {}, std::to_string(moved) + " dead letters are damaged; they lie in the quarantine");
  return {};
}

void Committer::trim_dead_letters(Database& database, lmdb::Transaction& txn, const Group& group) {
  std::string before;
  for (const auto& [exporter, letter] : group.changes.letters) {
    if (exporter == before) continue;
    before = exporter;
    const CursorLimits limits = feeds_.limits(exporter);
    const int64_t oldest = clock_.unix_ns() - limits.dead_max_age_ms * 1'000'000;
    const auto gone = trim_letters(txn, database, exporter, limits.dead_max_bytes, oldest);
    if (gone && *gone > 0)
      log::warn(5011, exporter, std::to_string(*gone) + " of the oldest dead letters were dropped: limit reached");
    if (gone) letters_dropped_.fetch_add(*gone, std::memory_order_relaxed);
    const auto totals = letter_totals(txn, database, exporter);
    if (totals && growth_.tell(exporter, totals->bytes, limits.dead_max_bytes))
      log::warn(5014, exporter,
                "its dead letters use " + std::to_string(GrowthAlarm::percent(totals->bytes, limits.dead_max_bytes)) +
                    " % of dlq.max_bytes; at the limit the oldest go");
  }
}

// The limit holds as well when nothing is added, and for what came of age while the daemon was down.
void Committer::look_for_expired() {
  const int64_t now = clock_.mono_ns();
  if (!expired_.empty() || !damaged_letters_.empty() || now < expired_at_ns_) return;
  expired_at_ns_ = now + kLettersPauseNs;
  const int64_t now_unix = clock_.unix_ns();
  auto found = database_.with([&](Database& database) -> Result<ExpiredLetters> {
    CS_TRY(txn, database.read());
    const auto check = letters_checked_ ? LetterCheck::structure : LetterCheck::everything;
    return find_expired(txn, database, expired_next_, kLettersAtOnce, check, [&](const std::string& exporter) {
      const auto max_age_ms = feeds_.letter_age_limit_ms(exporter);
      return max_age_ms ? now_unix - *max_age_ms * 1'000'000 : std::numeric_limits<int64_t>::min();
    });
  });
  if (!found) {
    expired_next_.clear();
    return;
  }
  expired_ = std::move(found->letters);
  damaged_letters_ = std::move(found->damaged);
  expired_next_ = std::move(found->next);
  letters_checked_ = letters_checked_ || expired_next_.empty();
  if (!expired_next_.empty()) expired_at_ns_ = now + kLettersSpacingNs;
}

// Returns whether it has become low, or is not any more.
bool Committer::look_at_disk() {
  const int64_t now = clock_.mono_ns();
  if (disk_at_ns_ != 0 && now < disk_at_ns_ + kLookAtLimitsNs) return false;
  disk_at_ns_ = now;
  const DiskSpace disk = disk_space_();
  disk_free_.store(disk.free_bytes, std::memory_order_relaxed);
  if (disk.total_bytes == 0) return false;  // unknown
  const auto sizes = database_.with([&](Database& database) -> Result<std::pair<uint64_t, uint64_t>> {
    CS_TRY(txn, database.read());
    return std::pair(database.file_bytes(), database.used_bytes(txn));
  });
  if (!sizes) return false;
  const auto [file, used] = *sizes;
  used_.store(used, std::memory_order_relaxed);
  if (!disk_.look(disk, file - std::min(file, used))) return false;
  disk_low_.store(disk_.low(), std::memory_order_release);
  if (disk_.low()) {
    log::error(5013, {},
               std::to_string(disk.free_bytes >> 20) + " MiB are free, " +
                   std::to_string(DiskWatch::floor_bytes(disk) >> 20) + " MiB have to be: the sources wait");
  } else {
    log::info("the disk has room again, the sources go on");
  }
  return true;
}

void Committer::count(const Group& group) {
  uint64_t events = 0;
  for (const Item& item : group.items) events += item.batch->events().size();
  const auto& bounds = Figures::kGroupBounds;
  const auto bucket = static_cast<std::size_t>(std::lower_bound(bounds.begin(), bounds.end(), events) - bounds.begin());
  groups_by_size_[bucket].fetch_add(1, std::memory_order_relaxed);
  groups_.fetch_add(1, std::memory_order_relaxed);
  group_events_.fetch_add(events, std::memory_order_relaxed);
  durable_.store(committed_.next - 1, std::memory_order_relaxed);
  used_.store(used_bytes_, std::memory_order_relaxed);
}

int Committer::health_code() const noexcept {
  switch (own_health()) {
    case Health::full:
      return 5007;
    case Health::failing:
      return trouble_.load(std::memory_order_relaxed);
    case Health::failed:
      return 5008;
    case Health::ok:
      break;
  }
  return disk_low_.load(std::memory_order_acquire) ? 5013 : 0;
}

void Committer::add_figures(Figures& figures) const {
  figures.groups = groups_.load(std::memory_order_relaxed);
  figures.events = group_events_.load(std::memory_order_relaxed);
  for (std::size_t i = 0; i < groups_by_size_.size(); ++i)
    figures.group_events[i] = groups_by_size_[i].load(std::memory_order_relaxed);
  figures.committed = durable_.load(std::memory_order_relaxed);
  figures.used_bytes = used_.load(std::memory_order_relaxed);
  figures.max_bytes = max_bytes_;
  figures.disk_free_bytes = disk_free_.load(std::memory_order_relaxed);
  figures.letters_dropped = letters_dropped_.load(std::memory_order_relaxed);
  figures.letters_damaged = letters_damaged_.load(std::memory_order_relaxed);
}

Result<void> Committer::reopen(const Group& group, bool& already_written) {
  log::warn(5008, {}, "a sync of the store failed; it is opened again");
  CS_CHECK(database_.reopen());
  CS_TRY(tail, database_.with([](Database& database) -> Result<Tail> {
    CS_TRY(txn, database.read());
    return database.tail(txn);
  }));
  // The newest committed sequence tells whether the group got to the disk after all.
  already_written = !group.items.empty() && tail.next == group.tail.next;
  if (!already_written && tail.next != committed_.next)
    return Error{
        Code::io,
        "the store ends at event " + std::to_string(tail.next) + " instead of " + std::to_string(committed_.next),
        5008};
  return {};
}

void Committer::published(Group& group) {
  std::shared_ptr<const std::function<void(const event::BatchRef&)>> publish;
  {
    const Lock lock(mutex_);
    publish = publish_;
  }
  std::vector<event::BatchRef> batches;
  batches.reserve(group.items.size());
  for (const Item& item : group.items) batches.push_back(item.batch);
  feeds_.committed(batches);
  if (publish && *publish)
    for (const event::BatchRef& batch : batches) (*publish)(batch);
  CSIEM_FAULT_POINT("published");
  // Looking for free pages and for what is passed reads here and there in the file.
  if (written_since_release_ += group.bytes; written_since_release_ > kReleaseBytes) {
    written_since_release_ = 0;
    release_pages();
  }
  const int64_t now = clock_.mono_ns();
  look_at_disk();
  look_for_expired();
  if (own_health() == Health::full || now >= limits_at_ns_ + kLookAtLimitsNs) {
    limits_at_ns_ = now;
    feeds_.enforce_limits(committed_);
    if (own_health() == Health::full) feeds_.make_room(max_bytes_ / 64);
  }
  static_cast<void>(sync_if_due(false));
}

void Committer::release_pages() {
  static_cast<void>(database_.with([](Database& database) -> Result<void> {
    database.release_pages();
    return {};
  }));
}

Result<void> Committer::sync_if_due(bool now) {
  if (durability_ != Durability::interval || !unsynced_) return {};
  const int64_t time = clock_.mono_ns();
  const bool due = time >= synced_at_ns_ + sync_interval_ns_ || unsynced_bytes_ >= kMostUnsyncedBytes;
  if (!now && !due) return {};
  auto synced = database_.with([&](Database& database) { return database.reach_safe_point(unsafe_); });
  synced_at_ns_ = clock_.mono_ns();
  if (synced) {
    unsynced_ = false;
    unsynced_bytes_ = 0;
    failed_syncs_ = 0;
    if (health_ == Health::failed) health_.store(Health::ok, std::memory_order_release);
  } else if (++failed_syncs_ >= 2) {
    health_.store(Health::failed, std::memory_order_release);
  }
  // Whatever was published is in the file already: the sources wait until it is on the disk as well.
  unsafe_.store(!synced, std::memory_order_release);
  note(synced);
  return synced;
}

// The thread ends. What is still unsynced would survive the process anyway.
void Committer::end_safe_points() {
  if (durability_ != Durability::interval || !sync_if_due(true)) return;
  const auto ended = database_.with([](Database& database) { return database.end_safe_points(); });
  if (!ended) log::warn(ended.error().message_code(), {}, ended.error().what());
}

// Says once that there is trouble and once that it is over.
void Committer::note(const Result<void>& result) {
  if (result) {
    if (unsafe_) return;
    if (std::exchange(reported_, 0) != 0) log::info("the store can be written again");
    return;
  }
  const int code = own_health() == Health::failed ? 5008 : result.error().message_code();
  trouble_.store(code, std::memory_order_relaxed);
  if (std::exchange(reported_, code) != code)
    log::error(code, {}, result.error().what() + "; kept in memory, tried again every second");
}

}  // namespace csiem::store
