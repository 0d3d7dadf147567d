// When a failed batch is sent again. Pure: decides, does nothing.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

#include "base/clock.hpp"
#include "config/config.hpp"

namespace csiem::delivery {

enum class Jitter { full, equal, none };

struct RetryPolicy {
  int64_t initial_ms = 1000, max_ms = 30'000;
  double multiplier = 2.0;
  Jitter jitter = Jitter::full;
  int64_t max_retries = -1;  // attempts after the first; negative: no limit
  int64_t max_elapsed_ms = 24LL * 3600 * 1000;
};
RetryPolicy retry_policy(const config::Retry& settings);

inline constexpr int64_t kMinBackoffMs = 50;
inline constexpr int64_t kMinServerWaitMs = 1000, kMaxServerWaitMs = 3'600'000;

// Milliseconds to wait after `failures` failures in a row (1 after the first), never below kMinBackoffMs.
int64_t backoff_ms(const RetryPolicy& policy, uint32_t failures, Random& random);

// How long the whole exporter stops when the server said Retry-After: never shorter than what it asked for, up to a
// tenth longer so that many daemons do not come back in the same instant, within one second and one hour.
int64_t server_wait_ms(int64_t backoff, int64_t retry_after_ms, Random& random);

// Keeps retries under about a fifth of the traffic when a platform half-fails: ten tokens, a success adds 0.2, a retry
// takes one, the retry of a timeout two; never fewer than ten retries in a minute. Times are of one monotonic clock.
class RetryBudget {
 public:
  explicit RetryBudget(int64_t now_ns) : at_ns_(now_ns) {}

  void on_success();
  // Nanoseconds until a retry of this cost may go; 0: now.
  int64_t wait_ns(int64_t now_ns, bool after_timeout) const;
  void take(int64_t now_ns, bool after_timeout);
  double tokens_at(int64_t now_ns) const;

 private:
  double tokens_ = 10.0;
  int64_t at_ns_;
};

}  // namespace csiem::delivery
