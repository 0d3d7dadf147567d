// A directory of the test's own, and snapshots to show.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <doctest/doctest.h>

#include <sys/stat.h>
#include <cstdlib>
#include <filesystem>
#include <string>

#include "admin/snapshot.hpp"

namespace csiem::test {

class Scratch {
 public:
  Scratch() {
    std::string pattern = "/tmp/csiem-admin-XXXXXX";
    REQUIRE(mkdtemp(pattern.data()) != nullptr);
    directory_ = pattern;
    ::chmod(directory_.c_str(), 0755);
  }
  ~Scratch() {
    std::error_code ignored;
    std::filesystem::remove_all(directory_, ignored);
  }
  Scratch(const Scratch&) = delete;
  Scratch& operator=(const Scratch&) = delete;
  std::string operator/(const std::string& name) const { return directory_ + "/" + name; }

 private:
  std::string directory_;
};

// One source, and two exporters: splunk is well, elastic holds 40 events back.
inline admin::Snapshot sample_snapshot() {
  admin::Snapshot snapshot;
  snapshot.version = "1.2.3";
  snapshot.abi = "1.0";
  snapshot.config_files = {"/etc/clawdstrike-siem/clawdstrike-siem.toml"};
  snapshot.started_unix_ns = 1'772'500'000'000'000'000;
  snapshot.taken_unix_ns = snapshot.started_unix_ns + 90'000'000'000;
  snapshot.taken_mono_ns = 1'000'000'000;
  snapshot.intake.accepted = 100;
  snapshot.intake.lines = 103;
  snapshot.intake.quarantined = 3;
  snapshot.sources.push_back({"audit", "jsonl", "/var/lib/hushd/audit.jsonl", "", 0, 100});
  snapshot.store.groups = 12;
  snapshot.store.committed = 100;
  snapshot.store.used_bytes = 65'536;
  snapshot.store.max_bytes = 1 << 20;
  snapshot.store.disk_free_bytes = 1 << 30;
  snapshot.store.quarantined = 3;
  snapshot.store.group_events = {{1, 10}, {2, 9, 1}, 100};
  snapshot.store.lost = {{"damaged_block", 7}};
  snapshot.redactions.push_back({"email", 6});
  admin::ExporterView splunk;
  splunk.id = "splunk";
  splunk.format = "native";
  splunk.plugin = "splunk";
  splunk.plugin_version = "1.0.0";
  splunk.plugin_abi = "1.0";
  splunk.state = "running";
  splunk.healthy = true;
  splunk.accepted = 100;
  splunk.delivered = 97;
  splunk.filtered = 2;
  splunk.dead_lettered = 1;
  splunk.dropped_by = {{"info", 5}, {"low", 0}};
  splunk.retry_tokens = 9.5;
  splunk.requests = {{"2xx", 9}, {"5xx", 1}};
  splunk.request_seconds = {{0.1, 1}, {8, 1, 1}, 12.5};
  splunk.plugin_metrics.push_back({"acks", 4, 0.5});
  splunk.valid = 7;
  splunk.invalid = 2;
  splunk.schema_violations.emplace_back("unknown_field", 2);
  admin::ExporterView elastic = splunk;
  elastic.id = elastic.plugin = "elastic";
  elastic.state = "held_auth";
  elastic.healthy = false;
  elastic.health = {true, 4001, "no connection (set at siem.toml:7:1)", 1'700'000'000'000'000'000, 12'000'000, 5, 2};
  elastic.required = true;
  elastic.problem_code = 4010;
  elastic.last_error = "HTTP 401 \"bad key\"\nC:\\x";
  elastic.delivered = 57;
  elastic.queued = 40;
  elastic.lag_bytes = 28'000;
  elastic.lag_limit_bytes = 1 << 30;
  elastic.oldest_unix_ns = snapshot.taken_unix_ns - 60'000'000'000;
  elastic.letters = 2;
  elastic.letter_bytes = 1'500;
  snapshot.exporters = {splunk, elastic};
  return snapshot;
}

}  // namespace csiem::test
