#include "delivery/retry.hpp"

#include <algorithm>
#include <cmath>

namespace csiem::delivery {
namespace {

constexpr double kBudget = 10.0;
constexpr double kPerSuccess = 0.2;
constexpr double kFloorPerNs = 10.0 / 60e9;

double cost_of(bool after_timeout) { return after_timeout ? 2.0 : 1.0; }

// Uniform in [0, bound], both ends included.
int64_t uniform(int64_t bound, Random& random) {
  return static_cast<int64_t>(random.below(static_cast<uint64_t>(bound) + 1));
}

}  // namespace

RetryPolicy retry_policy(const config::Retry& settings) {
  RetryPolicy policy;
  policy.initial_ms = std::max<int64_t>(settings.initial_backoff_ms, 0);
  policy.max_ms = std::max(settings.max_backoff_ms, policy.initial_ms);
  policy.multiplier = std::max(settings.backoff_multiplier, 1.0);
  policy.max_retries = settings.max_retries;
  policy.max_elapsed_ms = settings.max_elapsed_ms;
  if (settings.jitter == "none") policy.jitter = Jitter::none;
  if (settings.jitter == "equal") policy.jitter = Jitter::equal;
  return policy;
}

int64_t backoff_ms(const RetryPolicy& policy, uint32_t failures, Random& random) {
  const double exponent = failures == 0 ? 0.0 : static_cast<double>(failures - 1);
  const double grown = static_cast<double>(policy.initial_ms) * std::pow(policy.multiplier, exponent);
  // std::pow overflows to infinity, which the comparison handles; the cast would not.
  const int64_t ceiling = grown < static_cast<double>(policy.max_ms) ? static_cast<int64_t>(grown) : policy.max_ms;
  int64_t delay = ceiling;
  if (policy.jitter == Jitter::full) delay = uniform(ceiling, random);
  if (policy.jitter == Jitter::equal) delay = ceiling / 2 + uniform(ceiling - ceiling / 2, random);
  return std::max(delay, kMinBackoffMs);
}

int64_t server_wait_ms(int64_t backoff, int64_t retry_after_ms, Random& random) {
  const int64_t asked = std::clamp(retry_after_ms, kMinServerWaitMs, kMaxServerWaitMs);
  return std::clamp(std::max(backoff, asked + uniform(asked / 10, random)), kMinServerWaitMs, kMaxServerWaitMs);
}

double RetryBudget::tokens_at(int64_t now_ns) const {
  const double earned = static_cast<double>(std::max<int64_t>(now_ns - at_ns_, 0)) * kFloorPerNs;
  return std::min(kBudget, tokens_ + earned);
}

void RetryBudget::on_success() { tokens_ = std::min(kBudget, tokens_ + kPerSuccess); }

int64_t RetryBudget::wait_ns(int64_t now_ns, bool after_timeout) const {
  const double missing = cost_of(after_timeout) - tokens_at(now_ns);
  return missing <= 1e-9 ? 0 : static_cast<int64_t>(std::ceil(missing / kFloorPerNs));
}

void RetryBudget::take(int64_t now_ns, bool after_timeout) {
  tokens_ = std::max(0.0, tokens_at(now_ns) - cost_of(after_timeout));
  at_ns_ = now_ns;
}

}  // namespace csiem::delivery
