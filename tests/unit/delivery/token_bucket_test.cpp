#include "delivery/token_bucket.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <vector>

#include "delivery/concurrency.hpp"

using namespace csiem;
using namespace csiem::delivery;

namespace {
constexpr int64_t kSecond = 1'000'000'000;
}

TEST_CASE("a burst goes at once, then the rate holds") {
  RateLimiter limiter({10, 3, 0}, 0);
  for (int i = 0; i < 3; ++i) {
    CHECK(limiter.wait_ns(0) == 0);
    limiter.take_request(0);
  }
  CHECK(limiter.wait_ns(0) == kSecond / 10);
  CHECK(limiter.wait_ns(kSecond / 20) == kSecond / 20);
  CHECK(limiter.wait_ns(kSecond / 10) == 0);
}

TEST_CASE("over any time the number of requests is at most burst plus rate times time") {
  for (const double rate : {0.5, 3.0, 100.0}) {
    RateLimiter limiter({rate, 5, 0}, 0);
    int64_t now = 0;
    int sent = 0;
    while (now < 60 * kSecond) {
      const int64_t wait = limiter.wait_ns(now);
      now += wait;
      if (wait == 0) {
        limiter.take_request(now);
        ++sent;
      }
    }
    CAPTURE(rate);
    CHECK(sent <= static_cast<int>(5 + rate * 60) + 1);
    CHECK(sent >= static_cast<int>(4 + rate * 60) - 1);
  }
}

TEST_CASE("no window of any length sees more than burst plus rate times its length, however irregular the traffic") {
  uint32_t seed = 7;
  const auto random = [&](uint32_t bound) { return (seed = seed * 1'664'525U + 1'013'904'223U) / 65536 % bound; };
  for (const double rate : {0.5, 3.0, 25.0}) {
    for (const double burst : {1.0, 5.0, 20.0}) {
      RateLimiter limiter({rate, burst, 0}, 0);
      std::vector<int64_t> sent;
      int64_t now = 0;
      while (sent.size() < 600) {
        if (random(10) == 0) now += random(20) * kSecond / 2;  // a pause fills the bucket
        const int64_t wait = limiter.wait_ns(now);
        now += wait + (random(3) == 0 ? random(1000) * 1'000'000LL : 0);
        if (limiter.wait_ns(now) > 0) continue;
        limiter.take_request(now);
        sent.push_back(now);
      }
      double most = 0;
      for (std::size_t first = 0; first < sent.size(); ++first)
        for (std::size_t last = first; last < sent.size(); ++last) {
          const double seconds = static_cast<double>(sent[last] - sent[first]) / 1e9;
          most = std::max(most, static_cast<double>(last - first + 1) - rate * seconds);
        }
      CAPTURE(rate);
      CAPTURE(burst);
      CHECK(most <= burst + 1e-6);
      CHECK(most > burst / 2);  // and the burst is used
    }
  }
}

TEST_CASE("bytes beyond a second's worth make the next one wait") {
  RateLimiter limiter({0, 1, 1000}, 0);
  CHECK(limiter.wait_ns(0) == 0);
  limiter.take_bytes(3000, 0);
  CHECK(limiter.wait_ns(0) == doctest::Approx(2 * kSecond).epsilon(0.01));
}

TEST_CASE("without limits nothing waits") {
  RateLimiter limiter({0, 1, 0}, 0);
  for (int i = 0; i < 1000; ++i) {
    limiter.take_request(0);
    limiter.take_bytes(1 << 20, 0);
  }
  CHECK(limiter.wait_ns(0) == 0);
}

TEST_CASE("a refusal halves the rate once a second, success brings it back by five percent a second and no further") {
  RateLimiter limiter({100, 10, 0}, 0);
  limiter.throttled(0);
  limiter.throttled(kSecond / 2);  // the same wave
  CHECK(limiter.requests_per_second() == 50);
  limiter.throttled(kSecond);
  CHECK(limiter.requests_per_second() == 25);
  int64_t now = 2 * kSecond;
  limiter.succeeded(now);
  limiter.succeeded(now + 1);
  CHECK(limiter.requests_per_second() == doctest::Approx(26.25));
  for (int i = 0; i < 60; ++i) limiter.succeeded(now += kSecond);
  CHECK(limiter.requests_per_second() == 100);
}

TEST_CASE(
    "without a configured rate half of the observed one holds until it is back, and never falls below ten a second") {
  RateLimiter limiter({0, 1, 0}, 0);
  for (int i = 0; i < 40; ++i) limiter.take_request(kSecond + i);
  limiter.throttled(kSecond + 100);
  CHECK(limiter.requests_per_second() == 20);
  int64_t now = 2 * kSecond;
  for (int i = 0; i < 10; ++i) limiter.succeeded(now += kSecond);
  CHECK(limiter.requests_per_second() == doctest::Approx(32.578).epsilon(0.01));
  for (int i = 0; i < 20; ++i) limiter.succeeded(now += kSecond);
  CHECK(limiter.requests_per_second() == 0);
}

TEST_CASE("a refusal right after a pause, when nothing was observed, does not strangle an exporter") {
  RateLimiter limiter({0, 1, 0}, 0);
  for (int second = 1; second < 9; ++second) limiter.throttled(second * kSecond);
  CHECK(limiter.requests_per_second() == 10);
}
