// From what is durable to the lanes: every exporter's cursor, and the thread that feeds those that lag.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <condition_variable>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "store/cursor_state.hpp"
#include "store/recent_batches.hpp"
#include "store/shared_database.hpp"
#include "store/store.hpp"

namespace csiem::store {

// A cursor at the end of the log gets a batch in the moment it became durable. One whose window is full lags: it holds
// no memory, and gets the next batches from memory or from the log as soon as it has settled some. Any thread.
class Feeds {
 public:
  // One exporter. Guarded by the mutex of Feeds.
  struct Feed {
    std::string id;
    CursorOptions options;
    CursorState state;
    Deliver deliver;         // empty: not started
    bool open = false;       // false: an orphan
    uint64_t lag_bytes = 0;  // when the limits were looked at last
  };
  using Handle = std::shared_ptr<Feed>;

  // What has to be written with the next group.
  struct Changes {
    std::vector<std::pair<std::string, std::string>> cursors;  // exporter and record
    std::vector<std::string> removed;                          // exporters
    std::vector<std::pair<std::string, DeadLetter>> letters;
    std::vector<std::pair<std::string, Sequence>> erased_letters;
    std::vector<std::pair<Sequence, std::string>> damaged;  // blocks, raw
    std::vector<Range> holes;                               // behind `passed`, and settled by every cursor as well
    Sequence passed = 1;                                    // every cursor has passed what lies before it
    // Adds what came later.
    void merge(Changes&& later);
    bool empty() const noexcept {
      return cursors.empty() && removed.empty() && letters.empty() && erased_letters.empty() && damaged.empty() &&
             holes.empty();
    }
  };

  // `changed` is called without a lock when take_changes() would not be empty any more.
  Feeds(SharedDatabase& database, const Options& options, std::function<void()> changed);
  ~Feeds();
  Feeds(const Feeds&) = delete;
  Feeds& operator=(const Feeds&) = delete;

  // Before start(): what an earlier process wrote. `end`: the sequence behind the newest event.
  void load(std::string exporter, CursorState state);
  // The place of this exporter was damaged, or of one whose name was: until it is opened, who has no place begins at
  // the oldest event, because it may be his.
  void place_lost(std::string exporter) { lost_places_.insert(std::move(exporter)); }
  void start(Sequence end);
  // Joins the thread; nothing is delivered any more.
  void stop();

  // ---- for cursors ----
  Result<Handle> open(const CursorOptions& options);
  void start_delivery(const Handle& feed, Deliver deliver);
  void close(const Handle& feed);
  void settle(const Handle& feed, Sequence first, Sequence last, const std::array<uint64_t, 4>& counts);
  void dead_letter(const Handle& feed, DeadLetter letter);
  Ledger ledger(const Handle& feed) const;
  Lag lag(const Handle& feed) const;
  void set_window(const Handle& feed, std::size_t bytes);
  void let_go(const Handle& feed, Sequence any);
  void give_back(const Handle& feed, Sequence first, Sequence last);
  void save_state(const Handle& feed, std::string text);
  std::string state(const Handle& feed) const;
  uint64_t unsettled_events() const;
  // Dead letters outside of a cursor's own work; see Store.
  void keep_letter(const std::string& exporter, DeadLetter letter);
  void erase_letter(const std::string& exporter, Sequence sequence);

  // ---- for the writer ----
  Changes take_changes();
  // The batches are durable: hands them to the cursors that are waiting for them.
  void committed(const std::vector<event::BatchRef>& batches);

  // Fills in what concerns exporters and losses.
  void add_figures(Figures& figures) const;
  // Of an exporter's dead letters and lag.
  CursorLimits limits(const std::string& exporter) const;

  // How old they may become. Nothing while it is not known whether the exporter is still configured.
  std::optional<int64_t> letter_age_limit_ms(const std::string& exporter) const;

  // ---- limits.cpp: delivery.md 6, on the writer's thread ----
  void on_gap(std::function<void(const Gap&)> tell) {
    const std::lock_guard lock(mutex_);
    gap_told_ = std::make_shared<const std::function<void(const Gap&)>>(std::move(tell));
  }
  // Applies the limits of every cursor.
  void enforce_limits(const Tail& tail);
  // The store is full: the exporter that is furthest behind gives up at least `bytes` of the log, if its policy lets
  // it. Returns whether anything was given up.
  bool make_room(uint64_t bytes);

 private:
  struct Revived {
    event::BatchRef batch;      // null: the block is damaged
    std::vector<Range> broken;  // events that cannot be read
    Sequence first = 0, last = 0;
    std::string raw;  // of a damaged block
  };
  using Lock = std::unique_lock<std::mutex>;
  // Orphans are judged only after every exporter of the configuration had time to claim its cursor.
  static constexpr int64_t kClaimNs = int64_t{60} * 1'000'000'000;

  // feeds.cpp
  void deliver_to(Feed& feed, const event::BatchRef& batch);
  bool lags(const Feed& feed) const { return feed.deliver && feed.state.next() < end_; }
  bool waits(const Feed& feed) const { return lags(feed) || (feed.deliver && feed.state.again()); }
  void wake_feeder();
  void tell_change(Lock& lock);
  // feeder.cpp
  void run();
  bool feed_again(Lock& lock, Feed& feed);
  bool feed_next(Lock& lock, Feed& feed);
  event::BatchRef in_memory(Sequence sequence) const;
  event::BatchRef fetch(Lock& lock, const Feed& feed, Sequence sequence, bool* later);
  bool feed_early(Lock& lock, Feed& feed);
  bool wants_early(const Feed& feed) const;
  Result<Revived> revive_at(Sequence sequence);
  void touched(const Database& database, std::size_t blocks);
  Revived revive(Sequence first, Sequence last, std::string bytes);
  void lose(Sequence first, Sequence last, LossCause cause);
  // limits.cpp
  struct Shedding;
  enum class Give { by_policy, whole_blocks };
  uint64_t give_up(Feed& feed, uint64_t bytes, Give how, const std::string& why);
  void find_holes();
  void remove_orphan(Feed& feed, const std::string& why);

  SharedDatabase& database_;
  const Clock& clock_;
  const Revive revive_event_;
  const std::function<void()> changed_;

  mutable std::mutex mutex_;  // guards everything below; taken once per batch, never while the disk is used
  std::condition_variable work_;
  std::map<std::string, Handle, std::less<>> feeds_;
  std::set<std::string> lost_places_;
  std::shared_ptr<const std::function<void(const Gap&)>> gap_told_;
  RecentBatches recent_;
  Sequence end_ = 1;  // behind the newest durable event
  std::vector<std::pair<std::string, DeadLetter>> letters_;
  std::vector<std::pair<std::string, Sequence>> erased_letters_;
  std::vector<std::pair<Sequence, std::string>> damaged_;
  std::vector<std::string> removed_;
  std::vector<Range> holes_;
  std::array<uint64_t, 3> lost_{};  // events, by LossCause
  uint64_t letters_dropped_ = 0;    // of exporters that keep none
  SettledRanges erased_;            // what was in holes_ before
  std::vector<Range> skipped_;      // scratch
  int64_t started_ns_ = 0;
  bool change_told_ = false, feeder_woken_ = false, stopping_ = false;
  std::thread thread_;

  // Feeder's thread alone.
  event::BatchBuilder builder_{event::BatchPool::create(4)};
  event::BatchRef last_revived_;
  std::size_t blocks_touched_ = 0;  // since their pages were released
};

}  // namespace csiem::store
