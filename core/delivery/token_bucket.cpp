#include "delivery/token_bucket.hpp"

#include <algorithm>
#include <cmath>

#include "base/clock.hpp"

namespace csiem::delivery {
namespace {

constexpr int64_t kHalvingSpacingNs = 1'000'000'000;
constexpr double kSlowest = 0.1;  // requests per second, below a configured rate
// Without a configured rate there is nothing to be a fraction of: what the last seconds saw says little when they were
// spent waiting, so refusals never push an exporter below this.
constexpr double kSlowestUnconfigured = 10;

int64_t second_of(int64_t now_ns) { return now_ns / 1'000'000'000; }

}  // namespace

TokenBucket::TokenBucket(double per_second, double burst, int64_t now_ns)
    : per_second_(per_second), burst_(std::max(burst, 1.0)), tokens_(burst_), at_ns_(now_ns) {}

double TokenBucket::tokens_at(int64_t now_ns) const {
  const double elapsed = static_cast<double>(std::max<int64_t>(now_ns - at_ns_, 0));
  return std::min(burst_, tokens_ + elapsed / double{kNsPerSecond} * per_second_);
}

void TokenBucket::set_rate(double per_second, int64_t now_ns) {
  tokens_ = per_second_ > 0 ? tokens_at(now_ns) : burst_;
  at_ns_ = now_ns;
  per_second_ = per_second;
}

int64_t TokenBucket::wait_ns(double amount, int64_t now_ns) const {
  if (per_second_ <= 0) return 0;
  const double missing = std::min(amount, burst_) - tokens_at(now_ns);
  return missing <= 1e-9 ? 0 : static_cast<int64_t>(std::ceil(missing / per_second_ * double{kNsPerSecond}));
}

void TokenBucket::take(double amount, int64_t now_ns) {
  if (per_second_ <= 0) return;
  tokens_ = tokens_at(now_ns) - amount;
  at_ns_ = now_ns;
}

RateLimiter::RateLimiter(const config::RateLimit& settings, int64_t now_ns)
    : configured_(std::max(settings.requests_per_second, 0.0)),
      requests_(configured_, settings.burst_size, now_ns),
      bytes_(std::max(settings.bytes_per_second, 0.0), settings.bytes_per_second, now_ns) {}

int64_t RateLimiter::wait_ns(int64_t now_ns) const {
  // Bytes are taken after the fact, so a batch above the rate of one second goes too, and those behind it wait.
  return std::max(requests_.wait_ns(1.0, now_ns), bytes_.wait_ns(1.0, now_ns));
}

void RateLimiter::count_request(int64_t now_ns) {
  const int64_t second = second_of(now_ns);
  if (second != second_) {
    previous_count_ = second == second_ + 1 ? count_ : 0;
    second_ = second;
    count_ = 0;
  }
  ++count_;
}

void RateLimiter::take_request(int64_t now_ns) {
  count_request(now_ns);
  requests_.take(1.0, now_ns);
}

void RateLimiter::take_bytes(uint64_t bytes, int64_t now_ns) { bytes_.take(static_cast<double>(bytes), now_ns); }

void RateLimiter::throttled(int64_t now_ns) {
  if (throttled_ && now_ns - halved_ns_ < kHalvingSpacingNs) return;
  const double now_rate = requests_.per_second();
  const double base = now_rate > 0 ? now_rate : std::max<double>(std::max(count_, previous_count_), 1.0);
  const double slowest = configured_ > 0 ? std::min(kSlowest, configured_) : kSlowestUnconfigured;
  if (configured_ <= 0 && !throttled_) lift_at_ = std::max(base, slowest * 2);
  requests_.set_rate(std::max(base / 2, slowest), now_ns);
  throttled_ = true;
  halved_ns_ = now_ns;
  raised_second_ = second_of(now_ns);
}

void RateLimiter::succeeded(int64_t now_ns) {
  if (!throttled_ || second_of(now_ns) == raised_second_) return;
  raised_second_ = second_of(now_ns);
  double rate = requests_.per_second() * 1.05;
  if (configured_ > 0 && rate >= configured_) {
    rate = configured_;
    throttled_ = false;
  } else if (configured_ <= 0 && rate >= lift_at_) {
    rate = 0;
    throttled_ = false;
  }
  requests_.set_rate(rate, now_ns);
}

}  // namespace csiem::delivery
