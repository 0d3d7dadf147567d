#include <doctest/doctest.h>

#include "schema/output_check.hpp"

using csiem::schema::OutputCheck;
using csiem::schema::OutputSettings;
using csiem::schema::Validation;

namespace {

constexpr std::string_view kGood = R"({"@timestamp":"2026-02-07T10:15:01.123Z","ecs":{"version":"8.17.0"},"event":{)"
                                   R"("kind":"event","category":["file"],"type":["access"]}})";
constexpr std::string_view kBad = R"({"@timestamp":"2026-02-07T10:15:01.123Z","ecs":{"version":"8.17.0"},"event":{)"
                                  R"("kind":"event","category":"file","type":["access"]},"nonsense":1})";

std::unique_ptr<OutputCheck> check(Validation mode, const char* format = "ecs") {
  OutputSettings settings;
  settings.validate = mode;
  return OutputCheck::make(format, settings, "elastic");
}

}  // namespace

TEST_CASE("what breaks its schema is counted by rule; only enforce stops it") {
  for (const Validation mode : {Validation::warn, Validation::enforce}) {
    const auto rules = check(mode);
    REQUIRE(rules != nullptr);
    std::string why;
    CHECK(rules->passes(kGood, "1", why));
    CHECK(why.empty());
    CHECK(rules->passes(kBad, "2", why) == (mode == Validation::warn));
    CHECK(rules->passes(kBad, "3", why) == (mode == Validation::warn));
    CHECK(rules->passes(kGood, "4", why));
    CHECK(rules->valid() == 2);
    CHECK(rules->invalid() == 2);
    const std::vector<std::pair<std::string, uint64_t>> counts = rules->violations();
    REQUIRE(counts.size() == 2);
    CHECK(counts[0] == std::pair<std::string, uint64_t>("array_expected", 2));
    CHECK(counts[1] == std::pair<std::string, uint64_t>("unknown_field", 2));
    CHECK((why.find("event.category: array_expected") != std::string::npos) == (mode == Validation::enforce));
  }
}

TEST_CASE("nothing is checked when it is off, or the format has no rules") {
  CHECK(check(Validation::off) == nullptr);
  CHECK(check(Validation::warn, "acme") == nullptr);
}
