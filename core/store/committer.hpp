// The thread that makes things durable: everything that waits goes into one transaction, a group (delivery.md 3.2).
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "store/disk_watch.hpp"
#include "store/feeds.hpp"
#include "store/letter_upkeep.hpp"
#include "store/shared_database.hpp"
#include "store/store.hpp"

namespace csiem::store {

// Nothing is lost when the disk fails: the group is kept in memory and written again every second, and must_wait()
// holds the sources. Every method may be called from any thread and returns at once, flush() excepted.
class Committer {
 public:
  Committer(SharedDatabase& database, Feeds& feeds, const Options& options, Tail tail);
  // Gives up what was not written, as a crash would.
  ~Committer();
  Committer(const Committer&) = delete;
  Committer& operator=(const Committer&) = delete;

  void start();
  void stop();

  // Gives the batch its sequences. One thread.
  void append(const std::shared_ptr<event::EventBatch>& batch, const std::string& source, std::string checkpoint);
  void quarantine(std::string line);
  // The feeds have changes; they are written with the next group, or alone after a moment.
  void feeds_changed();
  bool must_wait() const noexcept { return must_wait_.load(std::memory_order_acquire); }
  Health health() const noexcept {
    const Health health = own_health();
    return health == Health::ok && disk_low_.load(std::memory_order_acquire) ? Health::full : health;
  }
  int health_code() const noexcept;
  // Fills in what concerns groups and sizes.
  void add_figures(Figures& figures) const;
  uint64_t uncommitted_events() const;
  // Tries once to write everything that was handed over before the call.
  Result<void> flush();

  void on_progress(std::function<void()> notify);
  void on_publish(std::function<void(const event::BatchRef&)> publish);

 private:
  struct Item {
    std::shared_ptr<event::EventBatch> batch;
    int64_t accepted_unix_ns;
    std::size_t block_bytes;
    std::string source, position;
    BlockOrigin origin() const noexcept { return {source, position}; }
  };
  struct Group {
    std::vector<Item> items;
    std::map<std::string, std::string> checkpoints;
    std::vector<std::string> quarantined;
    Feeds::Changes changes;
    LetterUpkeep::Work letters;
    Tail tail;  // behind it
    std::size_t bytes = 0;
    bool empty() const {
      return items.empty() && checkpoints.empty() && quarantined.empty() && changes.empty() && letters.empty();
    }
  };
  using Lock = std::unique_lock<std::mutex>;

  void run();
  void wait_for_work(Lock& lock);
  Group gather();
  bool write_until_done(Lock& lock, Group& group, Result<void>& result);
  Result<void> write(Group& group);
  Result<void> write_group(Database& database, const Group& group, bool& more_to_delete, uint64_t& used,
                           std::vector<Range>& left);
  static Result<void> confirm(Database& database, const Tail& tail);
  Result<void> reopen(const Group& group, bool& already_written);
  void published(Group& group);
  void release_pages();
  Result<void> sync_if_due(bool now);
  void end_safe_points();
  bool look_at_disk();
  void count(const Group& group);
  // Apart from the disk's free space.
  Health own_health() const noexcept {
    const Health health = health_.load(std::memory_order_acquire);
    const bool unsafe = health != Health::failed && unsafe_.load(std::memory_order_acquire);
    return unsafe ? Health::failing : health;
  }
  void note(const Result<void>& result);
  void decide_waiting();

  SharedDatabase& database_;
  Feeds& feeds_;
  const Clock& clock_;
  const std::function<DiskSpace()> disk_space_;
  const Durability durability_;
  const int64_t sync_interval_ns_;
  const uint64_t max_bytes_;
  const std::size_t max_uncommitted_bytes_;

  mutable std::mutex mutex_;
  std::condition_variable work_, done_;
  std::vector<Item> items_;  // not gathered yet
  // Source and text, with the number of items_ that must be durable first.
  std::vector<std::pair<std::size_t, std::pair<std::string, std::string>>> waiting_checkpoints_;
  std::vector<std::string> quarantined_;
  std::size_t uncommitted_bytes_ = 0;
  uint64_t uncommitted_events_ = 0;
  Sequence next_;
  int64_t lazy_since_ns_ = 0;  // 0: nothing waits for company
  bool stopping_ = false;
  uint64_t flush_asked_ = 0, flush_done_ = 0;
  Result<void> flush_result_;
  std::shared_ptr<const std::function<void()>> progress_;
  std::shared_ptr<const std::function<void(const event::BatchRef&)>> publish_;

  std::atomic<bool> must_wait_{false};
  std::atomic<Health> health_{Health::ok};  // of the newest group
  std::atomic<bool> disk_low_{false};
  std::atomic<bool> unsafe_{false};  // the newest timed sync failed
  std::atomic<int> trouble_{0};      // message code of the newest failure to write
  std::atomic<uint64_t> disk_free_{0}, used_{0}, durable_{0}, groups_{0}, group_events_{0};
  std::array<std::atomic<uint64_t>, Figures::kGroupBounds.size() + 1> groups_by_size_{};

  // Writer's thread alone.
  Tail committed_;
  uint64_t used_bytes_ = 0;
  std::size_t written_since_release_ = 0, unsynced_bytes_ = 0;
  DiskWatch disk_;
  LetterUpkeep letters_;
  std::vector<Range> holes_;  // to be deleted further
  bool more_to_delete_ = false, unsynced_ = false;
  int64_t synced_at_ns_ = 0, limits_at_ns_ = 0, disk_at_ns_ = 0;  // 0: not yet
  int failed_syncs_ = 0;
  int reported_ = 0;  // message code of the trouble that was logged and still lasts
  std::thread thread_;
};

}  // namespace csiem::store
