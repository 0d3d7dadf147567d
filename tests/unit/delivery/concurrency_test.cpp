// How many batches are on their way, against servers that answer as their load says.
#include <doctest/doctest.h>

#include <functional>
#include <queue>
#include <random>

#include "delivery/concurrency.hpp"

using csiem::delivery::Permits;

namespace {

constexpr int64_t kMs = 1'000'000;
constexpr int64_t kSecond = 1'000 * kMs;

struct Answer {
  int64_t round_trip_ns;
  bool accepted;
};
// By the number of requests in flight, this one included.
using Server = std::function<Answer(std::size_t in_flight)>;

// An exporter that always has more to send, for a minute; gives the mean number of permits of its second half.
double run(Permits& permits, const Server& server) {
  using Flight = std::pair<int64_t, std::pair<int64_t, bool>>;  // ends at, began at, accepted
  std::priority_queue<Flight, std::vector<Flight>, std::greater<>> flights;
  double sum = 0;
  uint64_t samples = 0;
  for (int64_t now = 0; now < 60 * kSecond;) {
    while (permits.free(flights.size())) {
      const Answer answer = server(flights.size() + 1);
      flights.push({now + answer.round_trip_ns, {now, answer.accepted}});
    }
    const Flight done = flights.top();
    now = done.first;
    const std::size_t in_flight = flights.size();
    flights.pop();
    if (done.second.second) {
      permits.on_success(in_flight, now - done.second.first, now);
    } else {
      permits.on_pushback(now);
    }
    if (now < 30 * kSecond) continue;
    sum += permits.now();
    ++samples;
  }
  return sum / static_cast<double>(samples);
}

}  // namespace

TEST_CASE("after an outage permits grow from one to the limit") {
  Permits permits = Permits::fixed(3);
  CHECK(permits.free(2));
  CHECK_FALSE(permits.free(3));
  permits.slow_start();
  CHECK(permits.free(0));
  CHECK_FALSE(permits.free(1));
  for (int i = 0; i < 9; ++i) permits.on_success(1, kSecond, i * kSecond);
  CHECK(permits.free(2));
  CHECK_FALSE(permits.free(3));
}

TEST_CASE("adaptive: a server that does not mind gets all there may be") {
  Permits permits = Permits::adaptive();
  CHECK(permits.now() == 1);
  CHECK(run(permits, [](std::size_t) { return Answer{20 * kMs, true}; }) == doctest::Approx(16));
}

TEST_CASE("adaptive: jitter does not keep it small") {
  std::mt19937 random(1);
  std::normal_distribution<double> jitter(20, 2);
  Permits permits = Permits::adaptive();
  const double mean = run(permits, [&](std::size_t) {
    return Answer{static_cast<int64_t>(jitter(random) * kMs), true};
  });
  CHECK(mean > 8);
}

TEST_CASE("adaptive: a server that refuses beyond a number is kept near it") {
  for (const std::size_t knee : {2U, 4U, 8U}) {
    Permits permits = Permits::adaptive();
    const double mean = run(permits, [&](std::size_t in_flight) { return Answer{20 * kMs, in_flight <= knee}; });
    CAPTURE(knee);
    CHECK(mean > static_cast<double>(knee) / 2);
    CHECK(mean < static_cast<double>(knee) + 1.5);
  }
}

TEST_CASE("adaptive: a server that only becomes slower is not loaded without end") {
  Permits permits = Permits::adaptive();
  const double mean = run(permits, [](std::size_t in_flight) {
    const auto over = static_cast<int64_t>(in_flight > 4 ? in_flight - 4 : 0);
    return Answer{20 * kMs + over * 20 * kMs, true};
  });
  CHECK(mean >= 3);
  CHECK(mean < 10);
}

TEST_CASE("adaptive: never fewer than one, and one again after an outage") {
  Permits permits = Permits::adaptive();
  for (int i = 0; i < 50; ++i) permits.on_pushback(i * kSecond);
  CHECK(permits.now() == 1);
  run(permits, [](std::size_t) { return Answer{20 * kMs, true}; });
  permits.slow_start();
  CHECK(permits.now() == 1);
}
