#include "delivery/retry.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <vector>

#include "fixed_random.hpp"

using namespace csiem;
using namespace csiem::delivery;
using csiem::test::FixedRandom;

namespace {
constexpr int64_t kSecond = 1'000'000'000;

// The largest distance between the samples' distribution and the uniform one on [low, high] (Kolmogorov-Smirnov),
// times the root of the number of samples. Above 2.5 once in 130 000 times when they are uniform.
double distance_from_uniform(std::vector<int64_t> samples, int64_t low, int64_t high) {
  std::sort(samples.begin(), samples.end());
  const auto n = static_cast<double>(samples.size());
  double most = 0;
  for (std::size_t i = 0; i < samples.size(); ++i) {
    const double expected = static_cast<double>(samples[i] - low) / static_cast<double>(high - low);
    most = std::max(
        {most, std::abs(expected - static_cast<double>(i) / n), std::abs(expected - static_cast<double>(i + 1) / n)});
  }
  return most * std::sqrt(n);
}

std::vector<int64_t> delays(const RetryPolicy& policy, uint32_t failures, std::size_t count) {
  SystemRandom random;
  std::vector<int64_t> out;
  while (out.size() < count) out.push_back(backoff_ms(policy, failures, random));
  return out;
}
}  // namespace

TEST_CASE("full jitter is uniform between nothing and the ceiling, at every step") {
  RetryPolicy policy;
  policy.initial_ms = 100'000;  // the lowest delay of 50 ms does not show
  policy.max_ms = 3'200'000;
  for (uint32_t failures = 1; failures <= 7; ++failures) {
    CAPTURE(failures);
    const int64_t ceiling = std::min<int64_t>(100'000 << (failures - 1), 3'200'000);
    CHECK(distance_from_uniform(delays(policy, failures, 5000), 0, ceiling) < 2.5);
  }
  // The test sees the difference.
  policy.jitter = Jitter::equal;
  CHECK(distance_from_uniform(delays(policy, 3, 5000), 0, 400'000) > 10);
  CHECK(distance_from_uniform(delays(policy, 3, 5000), 200'000, 400'000) < 2.5);
  policy.jitter = Jitter::full;
  CHECK(distance_from_uniform(delays(policy, 3, 5000), 0, 420'000) > 2.5);
}

TEST_CASE("what is added to Retry-After is uniform up to a tenth of it") {
  SystemRandom random;
  std::vector<int64_t> waits;
  for (int i = 0; i < 5000; ++i) waits.push_back(server_wait_ms(50, 1'000'000, random));
  CHECK(distance_from_uniform(waits, 1'000'000, 1'100'000) < 2.5);
}

TEST_CASE("while a platform half-fails, retries stay under a fifth of what succeeds and ten a minute") {
  for (const bool timeouts : {false, true}) {
    RetryBudget budget(0);
    constexpr int kSeconds = 3600, kPerSecond = 20;
    int successes = 0, retries = 0;
    for (int i = 0; i < kSeconds * kPerSecond; ++i) {
      const int64_t now = kSecond / kPerSecond * i;
      if (i % 2 == 0) {
        budget.on_success();
        ++successes;
      } else if (budget.wait_ns(now, timeouts) == 0) {
        budget.take(now, timeouts);
        ++retries;
      }
    }
    const double allowed = successes * 0.2 + kSeconds / 6.0 + 10;
    CHECK(retries * (timeouts ? 2 : 1) <= allowed + 1);
    CHECK(retries * (timeouts ? 2 : 1) >= allowed * 0.95);
  }
}

TEST_CASE("the ceiling of the delay grows by the multiplier up to the maximum, full jitter spreads below it") {
  RetryPolicy policy;
  FixedRandom highest(1000), middle(500), lowest(0);
  const int64_t ceilings[] = {1000, 2000, 4000, 8000, 16'000, 30'000, 30'000};
  for (uint32_t i = 0; i < 7; ++i) {
    CAPTURE(i);
    CHECK(backoff_ms(policy, i + 1, highest) == ceilings[i]);
    CHECK(backoff_ms(policy, i + 1, middle) == ceilings[i] / 2);
    CHECK(backoff_ms(policy, i + 1, lowest) == kMinBackoffMs);
  }
  CHECK(backoff_ms(policy, 4'000'000'000U, highest) == 30'000);
}

TEST_CASE("equal jitter keeps half of the delay, none all of it") {
  RetryPolicy policy;
  FixedRandom highest(1000), lowest(0);
  policy.jitter = Jitter::equal;
  CHECK(backoff_ms(policy, 3, lowest) == 2000);
  CHECK(backoff_ms(policy, 3, highest) == 4000);
  policy.jitter = Jitter::none;
  CHECK(backoff_ms(policy, 3, lowest) == 4000);
  policy.initial_ms = 1;
  CHECK(backoff_ms(policy, 1, lowest) == kMinBackoffMs);
}

TEST_CASE("every delay lies within its bounds") {
  RetryPolicy policy;
  policy.multiplier = 1.5;
  SystemRandom random;
  for (uint32_t i = 0; i < 5000; ++i) {
    policy.jitter = static_cast<Jitter>(i % 3);
    const int64_t delay = backoff_ms(policy, 1 + i % 40, random);
    CHECK(delay >= kMinBackoffMs);
    CHECK(delay <= policy.max_ms);
  }
}

TEST_CASE("Retry-After is never undercut, at most a tenth longer, within a second and an hour") {
  FixedRandom highest(1000), lowest(0);
  CHECK(server_wait_ms(50, 7000, lowest) == 7000);
  CHECK(server_wait_ms(50, 7000, highest) == 7700);
  CHECK(server_wait_ms(20'000, 7000, highest) == 20'000);
  CHECK(server_wait_ms(50, 1, lowest) == 1000);
  CHECK(server_wait_ms(50, 86'400'000, highest) == 3'600'000);
}

TEST_CASE("configuration words become the policy") {
  config::Retry settings;
  settings.jitter = "none";
  settings.max_backoff_ms = 10;
  settings.initial_backoff_ms = 500;
  settings.backoff_multiplier = 0.1;
  const RetryPolicy policy = retry_policy(settings);
  CHECK(policy.jitter == Jitter::none);
  CHECK(policy.max_ms == 500);  // never below the first delay
  CHECK(policy.multiplier == 1.0);
}

TEST_CASE("the budget allows ten retries at once, then ten a minute, and successes earn more") {
  RetryBudget budget(0);
  for (int i = 0; i < 10; ++i) {
    REQUIRE(budget.wait_ns(0, false) == 0);
    budget.take(0, false);
  }
  const int64_t wait = budget.wait_ns(0, false);
  CHECK(wait == doctest::Approx(6 * kSecond).epsilon(0.001));
  CHECK(budget.wait_ns(0, true) == doctest::Approx(12 * kSecond).epsilon(0.001));
  CHECK(budget.wait_ns(6 * kSecond + 1000, false) == 0);
  for (int i = 0; i < 5; ++i) budget.on_success();
  CHECK(budget.wait_ns(0, false) == 0);
  CHECK(budget.wait_ns(0, true) > 0);
}

TEST_CASE("the budget never holds more than ten tokens") {
  RetryBudget budget(0);
  for (int i = 0; i < 1000; ++i) budget.on_success();
  int taken = 0;
  while (budget.wait_ns(3600 * kSecond, false) == 0) {
    budget.take(3600 * kSecond, false);
    ++taken;
  }
  CHECK(taken == 10);
}
