#include <doctest/doctest.h>

#include "base/rfc3339.hpp"

using csiem::epoch_to_unix_ns;
using csiem::format_rfc3339;
using csiem::parse_rfc3339;

TEST_CASE("time is printed in UTC with nine digits") {
  CHECK(format_rfc3339(0) == "1970-01-01T00:00:00.000000000Z");
  CHECK(format_rfc3339(1'772'438'400'123'456'789) == "2026-03-02T08:00:00.123456789Z");
  CHECK(format_rfc3339(-1) == "1969-12-31T23:59:59.999999999Z");
}

TEST_CASE("every accepted form reads as the same instant") {
  const int64_t expected = 1'772'438'400'123'000'000;
  for (const char* text :
       {"2026-03-02T08:00:00.123Z", "2026-03-02t08:00:00.123z", "2026-03-02 08:00:00,123 UTC",
        "2026-03-02T09:30:00.123+01:30", "2026-03-02T03:00:00.123-0500", "2026-03-02T08:00:00.123000000999Z"}) {
    CAPTURE(text);
    const auto parsed = parse_rfc3339(text);
    REQUIRE(parsed);
    CHECK(parsed->unix_ns == expected);
    CHECK(parsed->had_zone);
  }
  const auto bare = parse_rfc3339("2026-03-02T08:00:00.123");
  REQUIRE(bare);
  CHECK(bare->unix_ns == expected);
  CHECK_FALSE(bare->had_zone);
}

TEST_CASE("second 60 is clamped and impossible times are nothing") {
  CHECK(parse_rfc3339("2016-12-31T23:59:60Z")->unix_ns == parse_rfc3339("2016-12-31T23:59:59.999999999Z")->unix_ns);
  for (const char* text :
       {"", "2026-02-30T00:00:00Z", "2026-13-01T00:00:00Z", "2026-03-02T24:00:00Z", "2026-03-02", "2026-03-02T08:00Z",
        "yesterday", "2026-03-02T08:00:00+25:00", "2026-03-02T08:00:00Zx", "9999-12-31T23:59:59Z"}) {
    CAPTURE(text);
    CHECK_FALSE(parse_rfc3339(text));
  }
}

TEST_CASE("epoch units are told by magnitude") {
  const int64_t expected = 1'772'438'400'000'000'000;
  CHECK(*epoch_to_unix_ns(int64_t{1'772'438'400}) == expected);
  CHECK(*epoch_to_unix_ns(int64_t{1'772'438'400'000}) == expected);
  CHECK(*epoch_to_unix_ns(int64_t{1'772'438'400'000'000}) == expected);
  CHECK(*epoch_to_unix_ns(int64_t{1'772'438'400'000'000'000}) == expected);
  CHECK(*epoch_to_unix_ns(1772438400.5) == expected + 500'000'000);
}
