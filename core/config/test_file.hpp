// Unit tests for a configuration (ux.md 5.6) as their author wrote them: events, and what becomes of them at exporters.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "config/config.hpp"

namespace csiem::config {

// A value that has to stand at one place of a document.
struct Wanted {
  std::string name;               // as written: "/event/kind", "tls.ca_file"
  std::vector<std::string> path;  // of a setting: its names from the outside in
  std::string json;               // the value as JSON
  Origin origin;
};

// What one exporter makes of the event. Everything that is stated has to hold.
struct Expectation {
  std::string exporter;
  std::optional<bool> sent, valid;
  std::vector<Wanted> settings;  // `set`: of the destination that the routes choose
  std::vector<Wanted> members;   // `json`: of the payload, by JSON pointer
  std::string golden;            // path of the file with the whole payload; empty: none
  Origin origin, sent_origin, valid_origin, golden_origin;
};

struct TestCase {
  std::string name;
  std::string record;      // one input line for ingest
  bool canonical = false;  // written in the file itself: nothing about it may need repair
  Origin origin, record_origin;
  std::vector<Expectation> expectations;
};

struct TestFile {
  std::vector<TestCase> cases;  // meaningful only without diagnostics
  std::vector<Diagnostic> diagnostics;
  std::map<std::string, std::string> texts;  // for render()
};

// When tests take place, and their events, unless they say another time: 2026-01-01T00:00:00Z.
inline constexpr int64_t kTestTimeUnixNs = 1'767'225'600'000'000'000;

// Reads one file. `exporters`: the ids that an expectation can name. Files that it names are looked for from its
// directory; event files are read, golden files are not.
TestFile read_test_file(const std::string& path, const std::vector<std::string>& exporters);

}  // namespace csiem::config
