// How many batches of one exporter may be in flight. Pure: decides, does nothing.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>

namespace csiem::delivery {

// A fixed number of permits, or one that finds its own: it begins at one, grows by one as long as the number is used up
// and answers do not become slower, and shrinks by a tenth when the server pushes back or answers clearly later than
// usual. At most one decision per mean round trip. After an outage both kinds begin at one again.
class Permits {
 public:
  static constexpr uint32_t kMostAdaptive = 16;

  static Permits fixed(uint32_t limit) { return Permits(limit, false); }
  static Permits adaptive() { return Permits(kMostAdaptive, true); }

  // The most there may ever be.
  uint32_t limit() const noexcept { return limit_; }
  uint32_t now() const noexcept { return now_; }
  bool free(std::size_t in_flight) const noexcept { return in_flight < now_; }
  void slow_start() noexcept;

  // An attempt ended with an answer that accepts; `in_flight` counts it.
  void on_success(std::size_t in_flight, int64_t round_trip_ns, int64_t now_ns) noexcept;
  // 429, 5xx or no answer in time.
  void on_pushback(int64_t now_ns) noexcept;

 private:
  Permits(uint32_t limit, bool adaptive) noexcept;
  void decide(int64_t now_ns) noexcept;

  uint32_t limit_, now_;
  bool adaptive_;
  bool used_up_ = false, pushed_back_ = false;  // since the last decision
  double recent_sum_ns_ = 0;                    // of round trips since the last decision
  uint32_t recent_ = 0;
  double mean_ns_ = 0, variance_ = 0;  // of round trips, the older the less
  int64_t next_decision_ns_ = 0;
};

}  // namespace csiem::delivery
