// The small parts: units, suggestions, URLs, positions.
#include <doctest/doctest.h>

#include <csiem/sdk/edit_distance.hpp>

#include "config/scan.hpp"
#include "config/suggest.hpp"
#include "config/url.hpp"
#include "support.hpp"

using namespace csiem::config;

TEST_CASE("durations") {
  struct Case {
    const char* text;
    std::optional<int64_t> ms;
  };
  const Case cases[] = {{"200ms", 200},
                        {"30s", 30'000},
                        {"5m", 300'000},
                        {"24h", 86'400'000},
                        {"7d", 604'800'000},
                        {"1h30m", 5'400'000},
                        {"1m1s1ms", 61'001},
                        {"0s", 0},
                        {"", std::nullopt},
                        {"5", std::nullopt},
                        {"s", std::nullopt},
                        {"5 s", std::nullopt},
                        {"-5s", std::nullopt},
                        {"1.5s", std::nullopt},
                        {"30m1h", std::nullopt},
                        {"5s5s", std::nullopt},
                        {"5S", std::nullopt},
                        {"99999999999999999999d", std::nullopt},
                        {"106751991168d", std::nullopt}};
  for (const auto& one : cases) {
    const std::string text = one.text;
    CAPTURE(text);
    CHECK(parse_duration_ms(text) == one.ms);
  }
}

TEST_CASE("sizes") {
  struct Case {
    const char* text;
    std::optional<uint64_t> bytes;
  };
  const Case cases[] = {{"64KiB", 65'536},
                        {"1MiB", 1'048'576},
                        {"1GiB", 1'073'741'824},
                        {"1MB", 1'000'000},
                        {"2kB", 2000},
                        {"512", 512},
                        {"512B", 512},
                        {"0", 0},
                        {"", std::nullopt},
                        {"MiB", std::nullopt},
                        {"1 MiB", std::nullopt},
                        {"1M", std::nullopt},
                        {"-1", std::nullopt},
                        {"1.5MiB", std::nullopt},
                        {"99999999TiB", std::nullopt}};
  for (const auto& one : cases) {
    const std::string text = one.text;
    CAPTURE(text);
    CHECK(parse_size(text) == one.bytes);
  }
}

TEST_CASE("the distance counts a swap of neighbours as one edit and never edits a part twice") {
  CHECK(csiem::edit_distance("batch_sise", "batch_size", 2) == 1);
  CHECK(csiem::edit_distance("hihg", "high", 2) == 1);
  CHECK(csiem::edit_distance("ca", "abc", 3) == 3);  // the unrestricted distance is 2
  CHECK(csiem::edit_distance("abc", "abc", 2) == 0);
  CHECK(csiem::edit_distance("", "ab", 2) == 2);
  CHECK(csiem::edit_distance("kitten", "sitting", 2) == 3);
}

TEST_CASE("short words need to be nearer than long ones") {
  CHECK(nearest("deny", {"deny", "any"}) == "deny");
  CHECK(nearest("dny", {"deny"}) == "deny");
  CHECK(nearest("dn", {"deny"}) == "");
  CHECK(nearest("concurency", {"concurrency"}) == "concurrency");
  CHECK(nearest("conqurency", {"concurrency"}) == "concurrency");
  CHECK(nearest("conqurenzy", {"concurrency"}) == "");
}

TEST_CASE("other spellings lead to the key only where it exists") {
  CHECK(synonym("hecUrl", {"hec_url", "url"}) == "hec_url");
  CHECK(synonym("min-severity", {"min_severity"}) == "min_severity");
  CHECK(synonym("batch.size", {"batch_size"}) == "batch_size");
  CHECK(synonym("sourceType", {"sourcetype"}) == "sourcetype");
  CHECK(synonym("hosts", {"nodes"}) == "nodes");
  CHECK(synonym("hosts", {"url"}) == "");
}

TEST_CASE("the origin of a URL") {
  struct Case {
    const char* url;
    const char* origin;  // empty: not usable
  };
  const Case cases[] = {
      {"https://Example.COM", "https://example.com:443"},
      {"HTTP://example.com/x?y#z", "http://example.com:80"},
      {"https://h:8088/services", "https://h:8088"},
      {"https://[2001:DB8::1]/", "https://[2001:db8::1]:443"},
      {"https://[::1]:9200", "https://[::1]:9200"},
      {"https://h?x", "https://h:443"},
      {"", ""},
      {"example.com", ""},
      {"ftp://h", ""},
      {"https://", ""},
      {"https://:80", ""},
      {"https://h:", ""},
      {"https://h:0", ""},
      {"https://h:65536", ""},
      {"https://h:8a", ""},
      {"https://a b", ""},
      {"https://user@h", ""},
      {"https://good.example@evil.example/", ""},
      {"https://good.example\\@evil.example/", ""},
      {"https://[::1", ""},
      {"https://[::1]x", ""},
      {"https://[zz]", ""},
      {"https://h\r\nX: y", ""},
      {"https://{tenant}.example.com", ""},
  };
  for (const auto& one : cases) {
    const std::string url = one.url;
    CAPTURE(url);
    std::string problem;
    const auto parsed = parse_origin(one.url, &problem);
    CHECK((parsed ? parsed->text() : "") == std::string(one.origin));
    CHECK(problem.empty() == parsed.has_value());
  }
}

TEST_CASE("a byte of a string is found in the text that spells it") {
  const auto at = [](std::string_view text, std::size_t offset) {
    const auto place = place_of(text, offset_in_string(text, text.find_first_of("\"'"), offset));
    return std::to_string(place.line) + ":" + std::to_string(place.column);
  };
  CHECK(at("a = 'xyz'", 2) == "1:8");
  CHECK(at("a = \"\\\"yz\"", 1) == "1:8");
  CHECK(at("a = \"\\u00e4z\"", 2) == "1:12");
  CHECK(at("a = 'äz'", 2) == "1:7");
  CHECK(at("a = \"\"\"\nxy\nz\"\"\"", 3) == "3:1");
  CHECK(at("a = \"\"\"x\\\n   y\"\"\"", 1) == "2:4");
  CHECK(at("a = 'xyz'", 99) == "1:9");
}
