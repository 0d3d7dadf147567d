// Whatever an event holds, what the linked format makes of it obeys its schema. The seed is printed, and taken from
// CSIEM_TEST_SEED when that is set.
// SPDX-License-Identifier: Apache-2.0
#include <doctest/doctest.h>

#include <cstdlib>
#include <string>
#include <string_view>
#include <vector>

#include "common/test_format.hpp"
#include "random_event.hpp"
#include "schema/validators.hpp"

using csiem::testing::RandomEvents;
using csiem::testing::TestFormat;
namespace schema = csiem::schema;

namespace {

constexpr uint64_t kEvents = 2 * RandomEvents::kCombinations;

struct Case {
  std::string_view format;
  TestFormat::Settings settings;
};

std::vector<Case> cases() {
  const TestFormat::Settings host = {{"csiem.host_name", "box.example"}};
  const std::vector<Case> all = {
      {"ecs", {}},
      {"ecs", {{"csiem.host_name", "box.example"}, {"include_raw", "true"}}},
      {"ocsf", {}},
      {"ocsf", {{"csiem.host_name", "box.example"}, {"include_raw", "true"}, {"mode", "activity"}}},
      {"ocsf", {{"version", "1.5.0"}}},
      {"ocsf", {{"version", "1.6.0"}, {"mode", "activity"}}},
      {"ocsf", {{"version", "1.7.0"}, {"csiem.host_name", "box.example"}}},
      {"cef", {}},
      {"cef", {{"csiem.host_name", "box.example"}, {"include_raw", "true"}}},
      {"cef", {{"custom_keys", "true"}}},
  };
  std::vector<Case> out;
  for (const Case& one : all)
    if (one.format == TestFormat::component().name) out.push_back(one);
  return out;
}

std::unique_ptr<schema::Validator> validator(const Case& c) {
  const auto setting = [&c](const char* name, const char* fallback) {
    const auto at = c.settings.find(name);
    return at == c.settings.end() ? std::string(fallback) : at->second;
  };
  if (c.format == "ocsf") return schema::make_ocsf_validator(setting("version", "1.8.0"));
  if (c.format == "cef")
    return schema::make_cef_validator(setting("custom_keys", "") == "true" ? "ClawdstrikeSiem" : "");
  return schema::make_validator(c.format);
}

uint64_t seed() {
  const char* const given = std::getenv("CSIEM_TEST_SEED");
  return given == nullptr ? 20260302 : std::strtoull(given, nullptr, 10);
}

}  // namespace

TEST_CASE("random events, every combination of the enumerations, keep the schema") {
  MESSAGE("CSIEM_TEST_SEED=", seed());
  const auto all = cases();
  REQUIRE_FALSE(all.empty());
  for (const Case& c : all) {
    RandomEvents events(seed());
    TestFormat format(c.settings);
    REQUIRE_MESSAGE(format.created, format.error);
    const auto rules = validator(c);
    for (uint64_t n = 0; n < kEvents; ++n) {
      const csiem_event& event = events.next();
      const std::string text = format.encode(event);
      std::vector<schema::Violation> found;
      const bool good = rules->check(text, found);
      REQUIRE_MESSAGE(good, "event ", n, ": ", found.front().path, ": ", found.front().rule, " (", found.front().detail,
                      ") in ", text.substr(0, 3000));
      REQUIRE(text.find('\n') == std::string::npos);
      if (n % 16 == 0) REQUIRE_MESSAGE(format.encode(event) == text, "event ", n, ": not the same twice");
    }
  }
}
