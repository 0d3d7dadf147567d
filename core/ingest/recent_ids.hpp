// Which event ids came by lately, so that re-read lines are not stored twice.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "event/ids.hpp"

namespace csiem::ingest {

// A bounded window over event ids: whole ids, so an id that never came is never reported; fixed memory, so under
// pressure the oldest ids of a set are forgotten and a repeat may pass. One thread.
class RecentIds {
 public:
  static constexpr int64_t kDefaultWindowNs = int64_t{3600} * 1'000'000'000;

  explicit RecentIds(int64_t window_ns = kDefaultWindowNs);

  // True when `event_id` was given to this function at most one window before `now_ns` (any clock that does not jump;
  // a step back counts as no time gone). Remembers it in any case. Texts that are not UUIDs in output form are never
  // remembered. Does not allocate.
  bool seen_before(std::string_view event_id, int64_t now_ns) noexcept;

  // The same for an id that was remembered elsewhere, with the time when it came.
  bool seen_before(const event::UuidBits& id, int64_t now_ns) noexcept;

  // Of the table; does not change.
  std::size_t memory_bytes() const noexcept { return sets_.size() * sizeof(Set); }

 private:
  static constexpr std::size_t kWays = 12;
  static constexpr unsigned kSetBits = 14;
  struct Set {
    event::UuidBits ids[kWays];
    uint32_t seconds[kWays];  // when the id came, counted from origin_ns_; 0 = free
  };

  int64_t window_seconds_;
  int64_t origin_ns_ = 0;
  bool started_ = false;
  std::vector<Set> sets_;
};

}  // namespace csiem::ingest
