// The files that are installed, and the texts that are generated, against the key table.
#include <doctest/doctest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <map>
#include <set>
#include <sstream>

#include "config/spec.hpp"
#include "config/test_file.hpp"
#include "support.hpp"

using namespace csiem::config;
using namespace csiem::config::test;

namespace {

std::string slurp(const std::string& path) {
  std::ifstream in(path);
  std::stringstream out;
  out << in.rdbuf();
  return out.str();
}

// "exporter_defaults.retry.jitter" -> "\"full\"" of every `key = value`, commented out or not.
std::map<std::string, std::string> keys_in(const std::string& text) {
  std::map<std::string, std::string> out;
  std::istringstream lines(text);
  std::string line, table;
  while (std::getline(lines, line)) {
    if (line.starts_with("#") && !line.starts_with("# ")) line.erase(0, 1);
    if (line.starts_with("# ") && line.size() > 2 &&
        (line[2] == '[' || std::islower(static_cast<unsigned char>(line[2]))))
      line.erase(0, 2);
    if (line.starts_with("[")) {
      const auto begin = line.find_first_not_of('[');
      table = line.substr(begin, line.find(']') - begin);
      continue;
    }
    const auto equals = line.find(" = ");
    if (equals == std::string::npos) continue;
    std::string key = line.substr(0, equals);
    while (key.ends_with(' ')) key.pop_back();
    if (key.find_first_not_of("abcdefghijklmnopqrstuvwxyz_.") != std::string::npos) continue;
    std::string value = line.substr(equals + 3);
    const auto comment = value.find("  #");
    value = value.substr(0, comment);
    while (value.ends_with(' ')) value.pop_back();
    out.try_emplace(table.empty() ? key : table + "." + key, value);
  }
  return out;
}

bool effective(const Key& key) { return key.use == Key::Use::now && key.kind != Key::Kind::any; }

}  // namespace

TEST_CASE("every shipped file loads without errors and without warnings") {
  Options options;
  options.allow_empty = false;
  options.environment = {{"CLAWDSTRIKE_AUDIT_LOG", "/tmp/audit.jsonl"}, {"CLAWDSTRIKE_SIEM_OUT", "/tmp/out"}};
  std::size_t files = 0;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(CSIEM_CONFIG_DIR)) {
    if (entry.path().extension() != ".toml") continue;
    if (entry.path().filename().string().ends_with(".test.toml")) continue;  // no configuration
    ++files;
    const std::string path = entry.path().string();
    CAPTURE(path);
    const auto loaded = load_file(path, options);
    CHECK_MESSAGE(loaded.diagnostics.empty(), list(loaded));
  }
  CHECK(files >= 6);
}

TEST_CASE("the shipped tests are tests of the example beside them") {
  const auto read = read_test_file(CSIEM_CONFIG_DIR "/examples/tests/splunk.test.toml", {"splunk"});
  CHECK(read.diagnostics.empty());
  CHECK(read.cases.size() >= 3);
}

TEST_CASE("the default file names every key that has an effect, with its default") {
  const auto written = keys_in(slurp(CSIEM_CONFIG_DIR "/clawdstrike-siem.toml"));
  const auto check = [&](std::string_view prefix, std::span<const Key> keys) {
    for (const auto& key : keys) {
      if (!effective(key) || key.path.find("[]") != std::string_view::npos) continue;
      const std::string path = std::string(prefix) + std::string(key.path);
      CAPTURE(path);
      const auto found = written.find(path);
      REQUIRE(found != written.end());
      // A source needs its type and path, an exporter its type: the shipped file has some.
      if (!key.fallback.empty() && path != "sources.audit.path") CHECK(found->second == std::string(key.fallback));
    }
  };
  check("", root_keys());
  check("sources.audit.", source_keys());
  check("exporter_defaults.", exporter_keys());
  check("exporters.archive.", exporter_only_keys());
}

TEST_CASE("the default file names no key that there is not") {
  std::set<std::string> known;
  for (const auto& key : root_keys()) known.insert(std::string(key.path));
  for (const auto& key : source_keys()) known.insert("sources.audit." + std::string(key.path));
  for (const auto& key : exporter_keys()) known.insert("exporter_defaults." + std::string(key.path));
  for (const auto& [path, value] : keys_in(slurp(CSIEM_CONFIG_DIR "/clawdstrike-siem.toml"))) {
    if (path.starts_with("exporters.")) continue;  // checked by loading them
    CAPTURE(path);
    CHECK(known.count(path) == 1);
  }
}

TEST_CASE("the generated defaults name every key with its default, and load") {
  const auto written = keys_in(defaults_text());
  for (const auto& key : root_keys()) {
    if (!effective(key)) continue;
    const std::string path(key.path);
    CAPTURE(path);
    REQUIRE(written.count(path) == 1);
    CHECK(written.at(path) == std::string(key.fallback));
  }
  for (const auto& key : exporter_keys()) {
    const std::string path = "exporter_defaults." + std::string(key.path);
    CAPTURE(path);
    CHECK(written.count(path) == (effective(key) ? 1 : 0));
  }
  const auto loaded = load_text(defaults_text());
  CHECK_MESSAGE(loaded.diagnostics.empty(), list(loaded));
}

TEST_CASE("the generated settings of a plugin are TOML with its defaults") {
  for (const auto& [name, answer] : Catalog::plugins()) {
    if (name == "mangled") continue;
    CAPTURE(name);
    const std::string text = defaults_text(name, answer);
    const auto loaded = load_text("version = \"1\"\n" + text);
    for (const auto& diagnostic : loaded.diagnostics) CHECK_MESSAGE(diagnostic.code == 1023, list(loaded));
  }
  const std::string splunk = defaults_text("splunk", Catalog::plugins().at("splunk"));
  CHECK(splunk.find("# hec_token = \"cred:…\"") != std::string::npos);
  CHECK(splunk.find("required; a string. HEC token") != std::string::npos);
  CHECK(splunk.find("batch_size = 500") != std::string::npos);
  CHECK(splunk.find("[exporters.splunk.ack]\n") != std::string::npos);
}
