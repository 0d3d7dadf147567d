// What the store counts about itself, for metrics and status.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <vector>

namespace csiem::store {

// Of the file system that the store lies on.
struct DiskSpace {
  uint64_t free_bytes = 0, total_bytes = 0;
};

// Why events of the log reach nobody.
enum class LossCause { damaged_block, unreadable_event, missing_block };

// A copy of one moment.
struct Figures {
  // Groups, that is transactions, since the start; `group_events[i]` of them had at most kGroupBounds[i] events, and
  // more than the bound before; the last element those above all bounds.
  static constexpr std::array<uint64_t, 8> kGroupBounds{0, 1, 10, 100, 500, 1000, 2500, 5000};
  uint64_t groups = 0, events = 0;
  std::array<uint64_t, kGroupBounds.size() + 1> group_events{};

  uint64_t committed = 0;   // sequence of the newest durable event
  uint64_t used_bytes = 0;  // live pages of all tables
  uint64_t max_bytes = 0;
  uint64_t disk_free_bytes = 0;    // for the daemon's user; 0 before the first look
  uint64_t quarantined = 0;        // lines that are kept
  std::array<uint64_t, 3> lost{};  // events since the start, by LossCause
  uint64_t letters_dropped = 0;    // dead letters that reached a limit, since the start
  uint64_t letters_damaged = 0;    // dead letters that were moved to the quarantine, since the start

  struct Exporter {
    std::string id;
    uint64_t lag_bytes = 0, lag_limit_bytes = 0;  // of the log, from the oldest event that is not settled
    int64_t oldest_unix_ns = 0;                   // when that one was accepted; 0: everything is settled
    uint64_t letters = 0, letter_bytes = 0;
  };
  std::vector<Exporter> exporters;  // whose cursors are open
};

}  // namespace csiem::store
