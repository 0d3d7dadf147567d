#include "delivery/bisect.hpp"

#include <doctest/doctest.h>

#include <cmath>
#include <deque>
#include <set>
#include <utility>
#include <vector>

using csiem::delivery::Bisect;

namespace {

struct Found {
  std::set<int> dead, kept;
  int requests = 0;
  bool held = false;
};

// What the lane does with the rulings, against a server that refuses every batch with one of `bad` in it.
Found search(int n, const std::set<int>& bad) {
  Found found;
  Bisect bisect;
  std::vector<int> suspects;
  std::deque<std::pair<int, int>> parts{{0, n}};
  bisect.add_part();
  while (!parts.empty()) {
    const auto [from, to] = parts.front();
    parts.pop_front();
    ++found.requests;
    const auto first_bad = bad.lower_bound(from);
    auto ruling = Bisect::Ruling::wait;
    if (first_bad == bad.end() || *first_bad >= to) {
      for (int i = from; i < to; ++i) found.kept.insert(i);
      ruling = bisect.part_accepted();
    } else if (to - from > 1) {
      const int middle = from + (to - from + 1) / 2;
      parts.push_front({middle, to});
      parts.push_front({from, middle});
      bisect.add_part();
      bisect.add_part();
      bisect.part_halved();
    } else {
      suspects.push_back(from);
      ruling = bisect.single_refused();
    }
    if (ruling == Bisect::Ruling::give_up) {
      found.dead.insert(suspects.begin(), suspects.end());
      suspects.clear();
    }
    if (ruling == Bisect::Ruling::hold) {
      found.held = true;
      break;
    }
  }
  return found;
}

}  // namespace

TEST_CASE("exactly the bad events are given up, within the promised number of requests") {
  uint32_t seed = 1;
  const auto random = [&](int bound) {
    seed = seed * 1'664'525U + 1'013'904'223U;
    return static_cast<int>(seed >> 8) % bound;
  };
  for (int round = 0; round < 400; ++round) {
    const int n = 2 + random(200);
    std::set<int> bad;
    const int k = 1 + random(std::min(n, 7));
    while (static_cast<int>(bad.size()) < k) bad.insert(random(n));
    const Found found = search(n, bad);
    CAPTURE(n);
    CAPTURE(k);
    CHECK_FALSE(found.held);
    CHECK(found.dead == bad);
    CHECK(found.kept.size() == static_cast<std::size_t>(n - k));
    CHECK(found.requests <= 2 * static_cast<int>(std::ceil(std::log2(n))) * k + 1);
  }
}

TEST_CASE("eight refused singles and nothing accepted is the configuration: nothing is given up") {
  std::set<int> all;
  for (int i = 0; i < 100; ++i) all.insert(i);
  const Found found = search(100, all);
  CHECK(found.held);
  CHECK(found.dead.empty());
}

TEST_CASE("a batch of less than eight may be bad as a whole") {
  const Found found = search(5, {0, 1, 2, 3, 4});
  CHECK_FALSE(found.held);
  CHECK(found.dead.size() == 5);
}

TEST_CASE("eight refused singles after something was accepted are just bad") {
  std::set<int> bad;
  for (int i = 4; i < 16; ++i) bad.insert(i);
  const Found found = search(16, bad);
  CHECK_FALSE(found.held);
  CHECK(found.dead == bad);
}
