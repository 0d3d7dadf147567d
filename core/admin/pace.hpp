// How often clients may ask, all of them together.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <cstdint>

namespace csiem::admin {

// So many requests at once after a pause, then so many a second. Who comes too early waits for his turn. Pure: decides,
// does nothing. One thread.
class Pace {
 public:
  Pace(int64_t per_second, int64_t burst) : interval_ns_(1'000'000'000 / per_second), slack_ns_(burst * interval_ns_) {}

  // Nanoseconds that this request has to wait; 0: it may go now. `now_ns` is of one monotonic clock.
  int64_t take(int64_t now_ns) {
    // The moment at which nothing would be left of the burst; every request moves it on.
    spent_at_ns_ = std::max(spent_at_ns_, now_ns) + interval_ns_;
    return std::max<int64_t>(spent_at_ns_ - slack_ns_ - now_ns, 0);
  }

 private:
  int64_t interval_ns_, slack_ns_;
  int64_t spent_at_ns_ = INT64_MIN;
};

}  // namespace csiem::admin
