#include "store/committer.hpp"

#include <pthread.h>

#include <algorithm>
#include <chrono>

#include "base/fault_point.hpp"
#include "base/log.hpp"

namespace csiem::store {
namespace {

using std::chrono::nanoseconds;

constexpr std::size_t kGroupEvents = 5'000, kGroupBlocks = 16;
constexpr int64_t kLazyNs = 100'000'000;
constexpr int64_t kRetryNs = 1'000'000'000;
constexpr int64_t kLookAtLimitsNs = 1'000'000'000;
constexpr std::size_t kReleaseBytes = 2U << 20;

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
      letters_(database, feeds, clock_) {}

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
    until = std::min(until, letters_.next_look_ns());
    if (disk_.low()) until = std::min(until, now + kLookAtLimitsNs);
    if (more_to_delete_ || letters_.found_work() || (lazy_since_ns_ != 0 && until <= now)) return;
    if (until > now) work_.wait_for(lock, nanoseconds(until - now));
    lock.unlock();
    const bool unsafe = unsafe_;
    static_cast<void>(sync_if_due(false));
    if (own_health() == Health::full || clock_.mono_ns() >= limits_at_ns_ + 10 * kLookAtLimitsNs) {
      limits_at_ns_ = clock_.mono_ns();
      feeds_.enforce_limits(committed_);
      release_pages();
    }
    letters_.look();
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
  group.letters = letters_.take();
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
  figures.letters_dropped = letters_.dropped();
  figures.letters_damaged = letters_.damaged();
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
  letters_.look();
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

}  // namespace csiem::store
