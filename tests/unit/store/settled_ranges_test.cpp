#include <doctest/doctest.h>

#include <random>
#include <vector>

#include "store/settled_ranges.hpp"

using csiem::store::SettledRanges;

TEST_CASE("ranges merge with their neighbours and with the frontier") {
  SettledRanges ranges;
  const auto add = [&](uint64_t first, uint64_t last) {
    uint64_t fresh = 0;
    ranges.add(first, last, [&](uint64_t from, uint64_t to) { fresh += to - from + 1; });
    return fresh;
  };
  CHECK(ranges.frontier() == 1);
  CHECK(add(5, 6) == 2);
  CHECK(add(10, 10) == 1);
  CHECK(ranges.gaps() == 2);
  CHECK(add(7, 9) == 3);
  CHECK(ranges.gaps() == 1);
  CHECK(add(1, 3) == 3);
  CHECK(ranges.frontier() == 4);
  CHECK(add(1, 3) == 0);
  CHECK(add(3, 11) == 2);  // 4 and 11
  CHECK(ranges.frontier() == 12);
  CHECK(ranges.gaps() == 0);
  CHECK(add(20, 19) == 0);
}

TEST_CASE("random ranges agree with a set of booleans") {
  std::mt19937 random(11);
  for (int round = 0; round < 200; ++round) {
    SettledRanges ranges;
    std::vector<bool> model(200, false);
    for (int i = 0; i < 60; ++i) {
      const uint64_t first = 1 + random() % 190, last = first + random() % 9;
      std::vector<uint64_t> fresh;
      ranges.add(first, last, [&](uint64_t from, uint64_t to) {
        for (uint64_t s = from; s <= to; ++s) fresh.push_back(s);
      });
      std::vector<uint64_t> expected;
      for (uint64_t s = first; s <= last; ++s)
        if (!model[s]) model[s] = true, expected.push_back(s);
      REQUIRE(fresh == expected);
      uint64_t frontier = 1;
      while (frontier < model.size() && model[frontier]) ++frontier;
      REQUIRE(ranges.frontier() == frontier);
      std::size_t gaps = 0;
      for (uint64_t s = frontier; s < model.size(); ++s) gaps += model[s] && !model[s - 1];
      REQUIRE(ranges.gaps() == gaps);
    }
  }
}
