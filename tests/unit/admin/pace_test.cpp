// A burst, then an even flow.
#include "admin/pace.hpp"

#include <doctest/doctest.h>

using csiem::admin::Pace;

TEST_CASE("a burst goes at once, what follows waits an interval longer each, and a pause pays it back") {
  constexpr int64_t kSecond = 1'000'000'000;
  Pace pace(20, 5);
  int64_t now = 7 * kSecond;
  for (int i = 0; i < 5; ++i) CHECK(pace.take(now) == 0);
  CHECK(pace.take(now) == kSecond / 20);
  CHECK(pace.take(now) == kSecond / 10);
  now += kSecond / 10;
  CHECK(pace.take(now) == kSecond / 20);
  now += 10 * kSecond;
  for (int i = 0; i < 5; ++i) CHECK(pace.take(now) == 0);
  CHECK(pace.take(now) > 0);
}
