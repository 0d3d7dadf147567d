// Files of unit tests: what is read from them, and where they are wrong.
#include "config/test_file.hpp"

#include <doctest/doctest.h>

#include <boost/json.hpp>

#include "support.hpp"

using namespace csiem::config;
using namespace csiem::config::test;

namespace {

const std::vector<std::string> kExporters = {"elastic", "splunk"};

struct Read {
  Directory directory;
  TestFile file;
  // "CS1021 3:1 text; hint" per finding.
  std::vector<std::string> findings;

  explicit Read(std::string_view text) {
    directory.write("event.json", "{\n  \"a\": 1\r\n}\n");
    file = read_test_file(directory.write("a.test.toml", text), kExporters);
    for (const auto& one : file.diagnostics)
      findings.push_back("CS" + std::to_string(one.code) + " " + std::to_string(one.origin.line) + ":" +
                         std::to_string(one.origin.column) + " " + one.message + "; " + one.hint);
  }
  bool has(std::string_view text) const {
    for (const auto& one : findings)
      if (one.find(text) != std::string::npos) return true;
    return false;
  }
};

constexpr std::string_view kHead = "[[test]]\nname = \"t\"\n";
constexpr std::string_view kTail = "[[test.expect]]\nexporter = \"splunk\"\nsent = true\n";

std::string around(std::string_view text) { return std::string(kHead) + std::string(text) + "\n" + std::string(kTail); }

}  // namespace

TEST_CASE("an event is what is written over fixed defaults") {
  const Read read(around("event = { decision = { allowed = false, severity = \"high\" }, labels = { team = \"x\" } }"));
  REQUIRE(read.findings.empty());
  REQUIRE(read.file.cases.size() == 1);
  const auto& test = read.file.cases[0];
  CHECK(test.name == "t");
  CHECK(test.canonical);
  const auto event = boost::json::parse(test.record);
  CHECK(event.at("decision").at("allowed") == false);
  CHECK(event.at("decision").at("severity") == "high");
  CHECK(event.at("decision").at("guard") == "forbidden_path");
  CHECK(event.at("outcome") == "failure");
  CHECK(event.at("event_type") == "guard_block");
  CHECK(event.at("timestamp") == "2026-01-01T00:00:00.000000000Z");
  CHECK(event.at("labels").at("team") == "x");
}

TEST_CASE("the category of the defaults fits the resource") {
  const Read read(around("event = { resource = { type = \"network\" } }"));
  REQUIRE(read.findings.empty());
  CHECK(boost::json::parse(read.file.cases[0].record).at("event_category") == "network");
}

TEST_CASE("an event file becomes one line") {
  const Read read(around("event_file = \"event.json\""));
  REQUIRE(read.findings.empty());
  CHECK(read.file.cases[0].record == "{   \"a\": 1  } ");
  CHECK_FALSE(read.file.cases[0].canonical);
}

TEST_CASE("expectations are read with the places of their values") {
  const Read read(
      "[[test]]\nname = \"t\"\nevent = {}\n[[test.expect]]\nexporter = \"elastic\"\nset.index = \"main\"\n"
      "set.tls.verify = true\njson = { \"/n\" = 5, \"/list\" = [\"a\"] }\nvalid = true\ngolden = \"golden/a.json\"\n");
  REQUIRE(read.findings.empty());
  const auto& one = read.file.cases[0].expectations.at(0);
  CHECK(one.exporter == "elastic");
  CHECK_FALSE(one.sent.has_value());
  CHECK(one.valid == true);
  CHECK(one.golden == read.directory.path() + "/golden/a.json");
  REQUIRE(one.settings.size() == 2);
  CHECK(one.settings[0].name == "index");
  CHECK(one.settings[0].json == "\"main\"");
  CHECK(one.settings[0].origin.line == 6);
  CHECK(one.settings[1].name == "tls.verify");
  CHECK(one.settings[1].path == std::vector<std::string>{"tls", "verify"});
  REQUIRE(one.members.size() == 2);
  CHECK(one.members[0].name == "/list");
  CHECK(one.members[0].json == "[\"a\"]");
  CHECK(one.members[1].json == "5");
  CHECK(one.members[1].origin.line == 8);
}

TEST_CASE("what is wrong is told with its place and a suggestion") {
  CHECK(Read(around("event = { decison = { allowed = false } }")).has("CS1021 3:11"));
  CHECK(Read(around("event = { decision = { severty = \"high\" } }")).has("did you mean 'decision.severity'?"));
  CHECK(Read(around("event = { decision = { allowed = \"no\" } }")).has("CS1022 3:34"));
  CHECK(Read(around("event = 5")).has("CS1022 3:9"));
  CHECK(Read(around("event = {}\nevent_file = \"event.json\"")).has("CS1023 4:1"));
  CHECK(Read(around("")).has("CS1023 1:1 missing key 'event'"));
  CHECK(Read(around("event_file = \"none.json\"")).has("CS1002 3:14"));
  CHECK(Read(around("evnt = {}")).has("did you mean 'event'?"));
  CHECK(Read(around("event = {")).has("CS1001"));
  CHECK(Read("").has("CS1023 1:1 no [[test]]"));
  CHECK(Read("[[test]]\nname = \"t\"\nevent = {}\n").has("CS1023 1:1 missing [[test.expect]]"));
  CHECK(Read("[test]\nname = \"t\"\n").has("CS1022"));
  const auto expecting = [](std::string_view text) {
    return std::string("[[test]]\nname = \"t\"\nevent = {}\n[[test.expect]]\n") + std::string(text);
  };
  CHECK(
      Read(expecting("exporter = \"spluk\"\nsent = true")).has("CS1024 5:12 no exporter 'spluk' in the configuration"));
  CHECK(Read(expecting("exporter = \"spluk\"\nsent = true")).has("did you mean 'splunk'?"));
  CHECK(Read(expecting("exporter = \"splunk\"\nsnt = true")).has("CS1021 6:1"));
  CHECK(Read(expecting("exporter = \"splunk\"\nsent = \"yes\"")).has("CS1022 6:8"));
  CHECK(Read(expecting("exporter = \"splunk\"\njson = { rule = 1 }")).has("CS1024 6:10 'rule' is not a JSON pointer"));
  CHECK(Read(expecting("exporter = \"splunk\"")).has("CS1023 4:1 an expectation without"));
  CHECK(Read(expecting("sent = true")).has("CS1023 4:1 missing key 'exporter'"));
}
