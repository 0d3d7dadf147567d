// How fast one exporter may send. Pure: decides, does nothing.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

#include "config/config.hpp"

namespace csiem::delivery {

// Fractional tokens that fill with time. take() may go below zero: whoever took too much makes the next one wait.
class TokenBucket {
 public:
  // `per_second` 0: no limit.
  TokenBucket(double per_second, double burst, int64_t now_ns);

  double per_second() const noexcept { return per_second_; }
  void set_rate(double per_second, int64_t now_ns);
  // Nanoseconds until `amount` is there; 0: now.
  int64_t wait_ns(double amount, int64_t now_ns) const;
  void take(double amount, int64_t now_ns);

 private:
  double tokens_at(int64_t now_ns) const;

  double per_second_, burst_, tokens_;
  int64_t at_ns_;
};

// Requests and bytes of one exporter. A server that asks to slow down halves the request rate; each second in which it
// accepts adds five percent, up to the configured rate.
class RateLimiter {
 public:
  RateLimiter(const config::RateLimit& settings, int64_t now_ns);

  int64_t wait_ns(int64_t now_ns) const;
  void take_request(int64_t now_ns);
  void take_bytes(uint64_t bytes, int64_t now_ns);
  // The server said 429 or 503 with a wait.
  void throttled(int64_t now_ns);
  void succeeded(int64_t now_ns);
  // Requests per second now; 0: no limit.
  double requests_per_second() const noexcept { return requests_.per_second(); }

 private:
  void count_request(int64_t now_ns);

  double configured_;
  TokenBucket requests_, bytes_;
  double lift_at_ = 0;         // without a configured rate: above this one there is no limit again
  int64_t raised_second_ = 0;  // the last second that raised the rate
  int64_t halved_ns_ = 0;      // one refusal of many requests in flight halves once
  bool throttled_ = false;
  int64_t second_ = 0;  // of count_
  uint32_t count_ = 0, previous_count_ = 0;
};

}  // namespace csiem::delivery
