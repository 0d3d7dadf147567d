// What happens to dead letters without anybody asking: the limits of their number and age, and damage.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <atomic>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "base/clock.hpp"
#include "store/dead_letters.hpp"
#include "store/feeds.hpp"
#include "store/growth_alarm.hpp"
#include "store/shared_database.hpp"

namespace csiem::store {

// Looks through the letters now and then, in portions; what it finds is taken out with the next group. The writer's
// thread, the figures excepted.
class LetterUpkeep {
 public:
  // The older letters of it go, those that are damaged go to the quarantine.
  struct Work {
    std::vector<LetterKey> expired;
    std::vector<std::string> damaged;  // keys of the table
    bool empty() const noexcept { return expired.empty() && damaged.empty(); }
  };

  LetterUpkeep(SharedDatabase& database, const Feeds& feeds, const Clock& clock);

  // Looks, if it is time, unless what was found last was not taken yet.
  void look();
  int64_t next_look_ns() const noexcept { return look_at_ns_; }
  bool found_work() const noexcept { return !work_.empty(); }
  Work take() { return std::exchange(work_, {}); }
  // Does it, and applies the limits to the exporters that got letters, inside of the group's transaction.
  Result<void> write(Database& database, lmdb::Transaction& txn, const Work& work,
                     const std::vector<std::pair<std::string, DeadLetter>>& added);

  // Any thread.
  uint64_t dropped() const noexcept { return dropped_.load(std::memory_order_relaxed); }
  uint64_t damaged() const noexcept { return damaged_.load(std::memory_order_relaxed); }

 private:
  Result<void> erase_expired(Database& database, lmdb::Transaction& txn, const Work& work);
  Result<void> move_damaged(Database& database, lmdb::Transaction& txn, const Work& work);
  void trim(Database& database, lmdb::Transaction& txn, const std::string& exporter);

  SharedDatabase& database_;
  const Feeds& feeds_;
  const Clock& clock_;
  Work work_;
  std::string next_;      // where the search goes on
  bool checked_ = false;  // each one's checksum, once after the start
  GrowthAlarm growth_;
  int64_t look_at_ns_;
  std::atomic<uint64_t> dropped_{0}, damaged_{0};
};

}  // namespace csiem::store
