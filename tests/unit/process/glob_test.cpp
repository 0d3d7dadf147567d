// Shell patterns, durations.
// SPDX-License-Identifier: Apache-2.0
#include <doctest/doctest.h>

#include <string_view>

#include "process/expression_literals.hpp"

using csiem::process::glob_match;
using csiem::process::parse_duration_ns;

TEST_CASE("glob follows the shell") {
  struct Case {
    const char *pattern, *text;
    bool expected;
  };
  const Case cases[] = {
      {"", "", true},
      {"", "a", false},
      {"*", "", true},
      {"**", "a/b", true},
      {"/etc/*", "/etc/ssh/sshd_config", true},
      {"*.pem", "a.pem", true},
      {"*.pem", "a.pem.txt", false},
      {"a*b*c", "a-b-b-c", true},
      {"a*b*c", "a-b-b", false},
      {"?", "\xc3\xa9", true},  // one character, two bytes
      {"??", "\xc3\xa9", false},
      {"[\xc3\xa0-\xc3\xbf]", "\xc3\xa9", true},
      {"[]]", "]", true},
      {"[!]]", "]", false},
      {"[^a]", "b", true},
      {"[a", "[a", true},  // not closed: itself
      {"[a-]", "-", true},
      {"[\\]]", "]", true},
      {"\\*", "*", true},
      {"\\*", "x", false},
      {"a\\", "a\\", true},
      {"*[0-9]", "run7", true},
  };
  for (const Case& c : cases) {
    INFO(c.pattern << " on " << c.text);
    CHECK(glob_match(c.pattern, c.text) == c.expected);
  }
  CHECK(glob_match("a?b", std::string_view("a\0b", 3)));
}

TEST_CASE("durations are numbers with units, added up") {
  constexpr int64_t kMinute = 60'000'000'000;
  CHECK(parse_duration_ns("5m") == 5 * kMinute);
  CHECK(parse_duration_ns("1h30m") == 90 * kMinute);
  CHECK(parse_duration_ns("200ms") == 200'000'000);
  CHECK(parse_duration_ns("7d") == 7 * 24 * 60 * kMinute);
  for (const char* wrong : {"", "5", "m", "5x", "-5m", "5m-", "1.5h", "99999999999999999999s", "9999999999d"}) {
    INFO(wrong);
    CHECK_FALSE(parse_duration_ns(wrong).has_value());
  }
}
