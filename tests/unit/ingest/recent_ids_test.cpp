#include "ingest/recent_ids.hpp"

#include <doctest/doctest.h>

#include <cstdio>
#include <string>

using csiem::ingest::RecentIds;

namespace {

constexpr int64_t kSecond = 1'000'000'000;
constexpr int64_t kStart = 1'772'500'000 * kSecond;

std::string id(unsigned n) {
  char text[40];
  std::snprintf(text, sizeof text, "019cad8f-ac00-7575-92f9-%012x", n);
  return text;
}

}  // namespace

TEST_CASE("an id is reported from its second coming on, inside the window") {
  RecentIds ids;
  CHECK_FALSE(ids.seen_before(id(1), kStart));
  CHECK(ids.seen_before(id(1), kStart));
  CHECK(ids.seen_before(id(1), kStart + 3600 * kSecond));
  CHECK_FALSE(ids.seen_before(id(1), kStart + 3 * 3600 * kSecond));
  CHECK_FALSE(ids.seen_before(id(2), kStart));
}

TEST_CASE("a clock that steps back does not forget") {
  RecentIds ids;
  CHECK_FALSE(ids.seen_before(id(1), kStart));
  CHECK(ids.seen_before(id(1), kStart - 7200 * kSecond));
}

TEST_CASE("an id that never came is never reported, however full the window is") {
  RecentIds ids;
  std::size_t wrong = 0;
  for (unsigned n = 0; n < 500'000; ++n) wrong += ids.seen_before(id(n), kStart) ? 1U : 0U;
  CHECK(wrong == 0);
}

TEST_CASE("the newest hundred thousand ids of one millisecond are remembered in fixed memory") {
  RecentIds ids;
  const auto before = ids.memory_bytes();
  for (unsigned n = 0; n < 100'000; ++n) ids.seen_before(id(n), kStart);
  std::size_t known = 0;
  for (unsigned n = 0; n < 100'000; ++n) known += ids.seen_before(id(n), kStart) ? 1U : 0U;
  CHECK(known > 95'000);
  CHECK(ids.memory_bytes() == before);
  CHECK(before <= 4 * 1024 * 1024);
}

TEST_CASE("texts that are no ids are not remembered") {
  RecentIds ids;
  CHECK_FALSE(ids.seen_before("", kStart));
  CHECK_FALSE(ids.seen_before("", kStart));
  CHECK_FALSE(ids.seen_before("not-a-uuid", kStart));
  CHECK_FALSE(ids.seen_before("not-a-uuid", kStart));
}
