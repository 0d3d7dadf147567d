#include <doctest/doctest.h>

#include "plugin/text.hpp"

using namespace csiem::plugin;

TEST_CASE("text of plugins becomes printable UTF-8 of bounded length") {
  const struct {
    std::string_view in;
    std::size_t max;
    std::string_view out;
    bool valid;
  } kCases[] = {
      {"plain", 100, "plain", true},
      {"two\nlines\tand\rmore", 100, "two lines and more", true},
      {"esc\x1b[31m", 100, "esc\xEF\xBF\xBD[31m", true},
      {"gr\xC3\xBC\xC3\x9F", 100, "gr\xC3\xBC\xC3\x9F", true},
      {"\xE2\x82\xAC\xF0\x9F\x98\x80", 100, "\xE2\x82\xAC\xF0\x9F\x98\x80", true},
      {"c1 \xC2\x9B", 100, "c1 \xEF\xBF\xBD", true},
      {"latin \xFC!", 100, "latin \xEF\xBF\xBD!", false},
      {"cut \xE2\x82", 100, "cut \xEF\xBF\xBD\xEF\xBF\xBD", false},
      {"\xC0\xAF", 100, "\xEF\xBF\xBD\xEF\xBF\xBD", false},                  // overlong
      {"\xED\xA0\x80", 100, "\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD", false},  // surrogate
      {"\xF4\x90\x80\x80", 6, "\xEF\xBF\xBD\xEF\xBF\xBD", false},            // beyond U+10FFFF
      {"\xC3\xBC\xC3\xBC", 3, "\xC3\xBC", true},                             // cut between characters
      {"abc", 0, "", true},
  };
  for (const auto& c : kCases) {
    bool valid = false;
    CHECK(clean_text(c.in, c.max, &valid) == c.out);
    CHECK(valid == c.valid);
  }
}

TEST_CASE("names of metrics and components") {
  CHECK(metric_name("http_2xx"));
  CHECK(metric_name(std::string(64, 'a')));
  CHECK_FALSE(metric_name(std::string(65, 'a')));
  CHECK_FALSE(metric_name(""));
  CHECK_FALSE(metric_name("a-b"));
  CHECK_FALSE(metric_name("A"));
  CHECK(component_name("elastic_8"));
  CHECK_FALSE(component_name("8elastic"));
  CHECK_FALSE(component_name("_x"));
  CHECK_FALSE(component_name(std::string(33, 'a')));
}
