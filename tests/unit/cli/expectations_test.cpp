#include "cli/expectations.hpp"

#include <doctest/doctest.h>
#include <unistd.h>

#include <filesystem>

using namespace csiem;
using namespace csiem::cli;

namespace {

// An exporter with a route, a secret and a masked setting, and what it made of an event.
struct Fixture {
  Fixture() {
    exporter.id = "splunk";
    exporter.fallback.settings_json = R"({"index":"main","token":"token","url":"https://h.example/T0/key-9","n":5})";
    exporter.fallback.secrets = {{"token", "cred:A", {}, {}}};
    exporter.fallback.masked = {"https://h.example/T0/key-9"};
    expectation.exporter = "splunk";
    rehearsed.exporter = &exporter;
    rehearsed.destination = &exporter.fallback;
    rehearsed.sent = true;
    rehearsed.format = "native";
    rehearsed.payload = R"({"rule":{"name":"a/b"},"list":[1,2],"n":1})";
    rehearsed.checked = true;
  }
  std::vector<Mismatch> check() {
    std::vector<Mismatch> out;
    check_expectation(expectation, rehearsed, out);
    return out;
  }
  void member(const std::string& pointer, const std::string& json) {
    expectation.members.push_back({pointer, {}, json, {"t", 7, 3, 1}});
  }
  void setting(const std::string& name, const std::string& json) {
    expectation.settings.push_back({name, {name}, json, {"t", 8, 3, 1}});
  }

  config::Exporter exporter;
  config::Expectation expectation;
  Rehearsed rehearsed;
};

}  // namespace

TEST_CASE_FIXTURE(Fixture, "members are compared as JSON values") {
  member("/rule/name", "\"a/b\"");
  member("/list", "[1,2.0]");
  member("/n", "1.0");
  CHECK(check().empty());
  member("/list/1", "3");
  member("/rule/absent", "\"x\"");
  member("/n", "\"1\"");
  const auto found = check();
  REQUIRE(found.size() == 3);
  CHECK(found[0].what == "/list/1");
  CHECK(found[0].expected == "3");
  CHECK(found[0].got == "2");
  CHECK(found[0].origin.text() == "t:7:3");
  CHECK(found[1].got == "nothing");
  CHECK(found[2].got == "1");
}

TEST_CASE_FIXTURE(Fixture, "settings are those of the destination; a secret is compared by its reference") {
  setting("index", "\"main\"");
  setting("token", "\"cred:A\"");
  setting("n", "5");
  CHECK(check().empty());
  setting("token", "\"cred:B\"");
  setting("absent", "1");
  const auto found = check();
  REQUIRE(found.size() == 2);
  CHECK(found[0].what == "setting token");
  CHECK(found[0].got == "\"cred:A\"");
  CHECK(found[1].got == "nothing");
}

TEST_CASE_FIXTURE(Fixture, "literal secrets and masked settings are compared and not shown") {
  exporter.fallback.secrets = {{"token", {}, "secret-1", {}}};
  setting("token", "\"secret-1\"");
  setting("url", "\"https://h.example/T0/key-9\"");
  CHECK(check().empty());
  setting("token", "\"secret-2\"");
  setting("url", "\"https://h.example/T0/key-8\"");
  const auto found = check();
  REQUIRE(found.size() == 2);
  for (const auto& one : found) {
    CHECK(one.expected == "…");
    CHECK(one.got == "…");
  }
}

TEST_CASE_FIXTURE(Fixture,
                  "an event that is kept back is told with the reason, also when only its payload is described") {
  rehearsed.sent = false;
  rehearsed.kept_back = "filter (severity)";
  rehearsed.payload.clear();
  member("/n", "1");
  auto found = check();
  REQUIRE(found.size() == 1);
  CHECK(found[0].what == "sent");
  CHECK(found[0].got == "false, kept back by filter (severity)");
  expectation.members.clear();
  expectation.sent = false;
  CHECK(check().empty());
  expectation.sent = true;
  CHECK(check().size() == 1);
}

TEST_CASE_FIXTURE(Fixture, "valid names the rules that are broken") {
  expectation.valid = true;
  CHECK(check().empty());
  rehearsed.violations = {{"event.category", "not_an_array", "string"}};
  const auto found = check();
  REQUIRE(found.size() == 1);
  CHECK(found[0].detail == "event.category: not_an_array (string)\n");
  expectation.valid = false;
  CHECK(check().empty());
  rehearsed.checked = false;
  CHECK(check().size() == 1);
}

TEST_CASE_FIXTURE(Fixture, "golden files are written on request and then hold") {
  const auto directory = std::filesystem::temp_directory_path() / ("csiem-golden-" + std::to_string(::getpid()));
  expectation.golden = (directory / "below" / "one.json").string();
  const auto golden = [&] {
    std::vector<Mismatch> out;
    check_golden(expectation, rehearsed, out);
    return out;
  };
  REQUIRE(golden().size() == 1);
  CHECK(golden()[0].detail.find("--update") != std::string::npos);
  auto written = update_golden(expectation, rehearsed);
  REQUIRE(bool(written));
  CHECK(*written);
  CHECK(golden().empty());
  written = update_golden(expectation, rehearsed);
  REQUIRE(bool(written));
  CHECK_FALSE(*written);
  rehearsed.payload = R"({"rule":{"name":"c"},"list":[1,2],"n":1})";
  REQUIRE(golden().size() == 1);
  CHECK(golden()[0].detail.find("-     \"name\": \"a/b\"\n+     \"name\": \"c\"\n") != std::string::npos);
  std::filesystem::remove_all(directory);
}
