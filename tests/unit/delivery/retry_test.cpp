#include "delivery/retry.hpp"

#include <doctest/doctest.h>

#include "fixed_random.hpp"

using namespace csiem;
using namespace csiem::delivery;
using csiem::test::FixedRandom;

namespace {
constexpr int64_t kSecond = 1'000'000'000;
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
