// Nothing of an event is lost in ECS and OCSF: it can be read back from what the linked format writes. CEF loses what
// its README lists and nothing else. SPDX-License-Identifier: Apache-2.0
#include <doctest/doctest.h>

#include <algorithm>
#include <cstdlib>
#include <fstream>
#include <string>
#include <vector>

#include "common/characters.hpp"
#include "common/test_event.hpp"
#include "common/test_format.hpp"
#include "common/time_text.hpp"
#include "random_event.hpp"
#include "recover.hpp"

using csiem::testing::difference;
using csiem::testing::of_event;
using csiem::testing::RandomEvents;
using csiem::testing::Recovered;
using csiem::testing::TestEvent;
using csiem::testing::TestFormat;

namespace {

std::string_view format_name() { return TestFormat::component().name; }

Recovered recover(const std::string& text) {
  if (format_name() == "ecs") return csiem::testing::recover_ecs(text);
  if (format_name() == "ocsf") return csiem::testing::recover_ocsf(text);
  return csiem::testing::recover_cef(text);
}

std::vector<TestFormat::Settings> settings() {
  if (format_name() != "ocsf") return {{{"csiem.host_name", "box.example"}}};
  return {{{"csiem.host_name", "box.example"}}, {{"mode", "activity"}}, {{"version", "1.5.0"}}};
}

std::vector<std::string> sample_lines() {
  std::vector<std::string> out;
  std::ifstream file(CSIEM_TEST_DATA "/schema/canonical-events.jsonl");
  for (std::string line; std::getline(file, line);) out.push_back(line);
  return out;
}

#ifdef CSIEM_LOSSY
// "What a line does not carry" of plugins/formats/cef/README.md.
const std::vector<std::string> kNotCarried = {"labels",        "metadata",       "threat.indicator.type",
                                              "agent.type",    "schema_version", "threat.indicator.value",
                                              "resource.type", "resource.path",  "resource.host"};

// "Lengths count characters": longer texts are cut, control characters are blanks, blanks at the ends are gone.
std::string as_written(std::string text) {
  const auto control = [](char c) {
    return (static_cast<unsigned char>(c) < 0x20 && c != '\n' && c != '\r') || c == 0x7f;
  };
  std::replace_if(text.begin(), text.end(), control, ' ');
  text.erase(0, std::min(text.find_first_not_of(' '), text.size()));
  text = csiem::formats::first_characters(text, 1023);
  text.erase(text.find_last_not_of(' ') + 1);
  return text;
}

// Times have milliseconds, addresses no zone; what became of a warned action is not said.
Recovered as_carried(Recovered event, const csiem_event& view) {
  for (auto& [path, text] : event.texts) text = as_written(text);
  const auto ms = [](int64_t ns) { return std::string(csiem::formats::time_text(ns / 1'000'000 * 1'000'000).view()); };
  const int64_t own = view.time_unix_ns;  // 0 when the sample's spelling is not the canonical one
  event.texts["timestamp"] = ms(own == 0 ? view.ingested_unix_ns : own);
  if (view.ingested_unix_ns != 0) event.texts["ingested_at"] = ms(view.ingested_unix_ns);
  if (view.ingested_unix_ns == 0) event.texts.erase("ingested_at");
  auto& name = event.texts["resource.name"];
  if (view.resource_type == CSIEM_RESOURCE_NETWORK && name.find(':') != std::string::npos)
    name = name.substr(0, name.find('%'));
  if (view.type == CSIEM_TYPE_GUARD_WARN) event.texts.erase("decision.allowed");
  return event;
}
#else
uint64_t seed() {
  const char* const given = std::getenv("CSIEM_TEST_SEED");
  return given == nullptr ? 20260303 : std::strtoull(given, nullptr, 10);
}
#endif

}  // namespace

TEST_CASE("every committed sample can be read back") {
  const auto lines = sample_lines();
  REQUIRE(lines.size() == 300);
  for (const auto& set : settings()) {
    TestFormat format(set);
    REQUIRE_MESSAGE(format.created, format.error);
    for (const auto& line : lines) {
      TestEvent event(line);
      const std::string text = format.encode(event.view());
#ifdef CSIEM_LOSSY
      const auto before = as_carried(of_event(event.view()), event.view());
      CHECK_MESSAGE(difference(before, recover(text), kNotCarried) == "", line);
#else
      CHECK_MESSAGE(difference(of_event(event.view()), recover(text)) == "", line);
#endif
    }
  }
}

#ifdef CSIEM_LOSSY
TEST_CASE("what is said not to be carried is not") {
  TestFormat format;
  for (const auto& line : sample_lines()) {
    TestEvent event(line);
    event.view().agent_type = csiem::str("lost-agent-type");
    event.view().schema_version = csiem::str("9.9.9-lost");
    const std::string text = format.encode(event.view());
    for (const char* lost : {"lost-agent-type", "9.9.9-lost"}) CHECK(text.find(lost) == std::string::npos);
    for (uint64_t i = 0; i < event.view().label_count; ++i)
      CHECK(text.find("=" + std::string(csiem::view(event.view().labels[i].key)) + "=") == std::string::npos);
  }
}
#else
TEST_CASE("random events can be read back") {
  MESSAGE("CSIEM_TEST_SEED=", seed());
  for (const auto& set : settings()) {
    TestFormat format(set);
    RandomEvents events(seed());
    for (uint64_t n = 0; n < 2 * RandomEvents::kCombinations; ++n) {
      const csiem_event& event = events.next();
      const std::string text = format.encode(event);
      const std::string lost = difference(of_event(event), recover(text));
      REQUIRE_MESSAGE(lost.empty(), "event ", n, ": ", lost, " in ", text.substr(0, 3000));
    }
  }
}

TEST_CASE("the reader sees what is missing") {
  RandomEvents events(1);
  TestFormat format;
  const csiem_event& event = events.next();
  Recovered read = recover(format.encode(event));
  REQUIRE(difference(of_event(event), read).empty());
  for (const char* path : {"event_id", "timestamp", "decision.allowed", "resource.name"}) {
    Recovered less = read;
    less.texts[path] += "x";
    CHECK_MESSAGE(difference(of_event(event), less) != "", path);
  }
}
#endif
