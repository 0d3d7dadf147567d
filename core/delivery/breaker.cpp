#include "delivery/breaker.hpp"

#include <algorithm>

#include "base/clock.hpp"

namespace csiem::delivery {
namespace {

constexpr uint32_t kMinRequests = 20;

}  // namespace

Breaker::Second& Breaker::second(int64_t now_ns) {
  const int64_t number = now_ns / kNsPerSecond;
  Second& slot = window_[static_cast<std::size_t>(number % kWindowSeconds)];
  if (slot.number != number) slot = {number, 0, 0};
  return slot;
}

bool Breaker::window_is_bad(int64_t now_ns) const {
  const int64_t newest = now_ns / kNsPerSecond;
  uint32_t requests = 0;
  uint32_t failures = 0;
  for (const Second& slot : window_) {
    if (slot.number < 0 || slot.number <= newest - kWindowSeconds) continue;
    requests += slot.requests;
    failures += slot.failures;
  }
  return requests >= kMinRequests && failures * 2 >= requests;
}

void Breaker::open(int64_t now_ns) {
  const bool probe_failed = state_ == State::half_open;
  open_for_ms_ =
      probe_failed ? std::min(std::max<int64_t>(open_for_ms_, 1) * 2, longest_open_ms()) : settings_.open_for_ms;
  const int64_t fifth = open_for_ms_ / 5;
  const int64_t jitter = static_cast<int64_t>(random_.below(static_cast<uint64_t>(2 * fifth + 1))) - fifth;
  probe_at_ns_ = now_ns + (open_for_ms_ + jitter) * kNsPerMs;
  state_ = State::open;
}

Breaker::Change Breaker::on_success(int64_t now_ns) {
  failures_in_row_ = 0;
  if (state_ == State::closed) {
    ++second(now_ns).requests;
    return Change::none;
  }
  // Also the success of a request that was sent before the breaker opened: the server works.
  state_ = State::closed;
  open_for_ms_ = 0;
  window_.fill({});
  return Change::closed;
}

Breaker::Change Breaker::on_failure(int64_t now_ns) {
  if (state_ == State::open) return Change::none;  // a straggler of before
  if (state_ == State::half_open) {
    open(now_ns);
    return Change::opened;
  }
  Second& slot = second(now_ns);
  ++slot.requests;
  ++slot.failures;
  ++failures_in_row_;
  if (failures_in_row_ < settings_.failure_threshold && !window_is_bad(now_ns)) return Change::none;
  open(now_ns);
  return Change::opened;
}

}  // namespace csiem::delivery
