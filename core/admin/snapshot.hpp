// What the admin room knows of the daemon: plain values, copied at one moment. Whoever runs the daemon fills them.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace csiem::admin {

struct SourceView {
  std::string id, type, path;
  std::string problem;   // empty when all is well
  int problem_code = 0;  // of messages.def
  uint64_t events = 0;
};

// What was read, over all sources, since the start.
struct IntakeView {
  uint64_t lines = 0, bytes = 0, accepted = 0, filtered = 0, repeated = 0, quarantined = 0, not_events = 0, foreign = 0,
           utf8_repaired = 0;
};

// What a privacy rule took out since the start.
struct RedactionView {
  std::string rule;
  uint64_t count = 0;
};

// Durations, or other amounts, by bucket. `counts` has one more element than `bounds`: what is above the last bound.
struct Histogram {
  std::vector<double> bounds;    // upper bounds, of durations in seconds, ascending
  std::vector<uint64_t> counts;  // of each bucket alone
  double sum = 0;
};

struct PluginMetric {
  std::string name;
  uint64_t count = 0;
  double sum = 0;
};

struct ExporterView {
  std::string id, format;
  std::string plugin, plugin_version, plugin_abi;
  std::string state;      // one word: running, paused, open, ...
  bool required = false;  // it counts for readiness
  bool healthy = false;   // it delivers, or nothing is known against its delivering
  int problem_code = 0;  // of messages.def: why the state is what it is, or what the health check found; 0: all is well
  std::string last_error;
  int64_t last_success_unix_ns = 0;  // 0: none yet

  // The destination, as it answers when it is asked how it is.
  struct Health {
    bool asked = false;           // false: known from deliveries alone
    int code = 0;                 // of messages.def; 0: nothing against it
    std::string message;          // the vendor's words and where the setting stands
    int64_t checked_unix_ns = 0;  // when it was asked last; 0: never
    int64_t took_ns = 0;
    uint64_t checks = 0, failures = 0;
  } health;

  // The ledger, in events since the store knows the exporter: accepted is the sum of the others.
  uint64_t accepted = 0, delivered = 0, filtered = 0, dead_lettered = 0, dropped = 0, lost = 0, queued = 0;
  uint64_t queued_bytes = 0, possible_duplicates = 0;
  std::vector<std::pair<std::string_view, uint64_t>> dropped_by;  // by severity
  // What it lags behind in the store's log.
  uint64_t lag_bytes = 0, lag_limit_bytes = 0;
  int64_t oldest_unix_ns = 0;              // when the oldest event not settled was accepted; 0: none
  uint64_t letters = 0, letter_bytes = 0;  // dead letters that lie in the store
  double retry_tokens = 0;
  uint64_t retries = 0, bytes_raw = 0, bytes_wire = 0, breaches = 0;
  std::vector<std::pair<std::string_view, uint64_t>> requests;  // by how they were answered
  Histogram request_seconds;
  std::vector<PluginMetric> plugin_metrics;
  uint64_t mapping_skipped = 0;     // values that the target of their mapping does not take
  uint64_t valid = 0, invalid = 0;  // bodies that were checked against their schema
  std::vector<std::pair<std::string, uint64_t>> schema_violations;  // events by rule that they broke

  // Accepted minus everything accounted for. Other than 0 for a moment only, while events move.
  int64_t imbalance() const noexcept {
    return static_cast<int64_t>(accepted - delivered - filtered - dead_lettered - dropped - lost - queued);
  }
};

struct StoreView {
  std::string health = "ok";  // or store_full, store_failing, store_failed
  int code = 0;               // of messages.def: why it is not ok
  uint64_t groups = 0, committed = 0, used_bytes = 0, max_bytes = 0, disk_free_bytes = 0, quarantined = 0,
           letters_dropped = 0, letters_damaged = 0;
  Histogram group_events;
  std::vector<std::pair<std::string_view, uint64_t>> lost;  // events, by cause
};

struct Snapshot {
  std::string version, abi;
  std::vector<std::string> config_files;
  int64_t started_unix_ns = 0, taken_unix_ns = 0;
  int64_t taken_mono_ns = 0;
  bool draining = false;      // nothing is read any more, the end is near
  unsigned lost_threads = 0;  // to plugins that do not return
  uint64_t unsettled_events = 0, memory_limit_bytes = 0;

  IntakeView intake;
  StoreView store;
  std::vector<SourceView> sources;
  std::vector<RedactionView> redactions;
  std::vector<ExporterView> exporters;
  struct LeftOut {
    std::string id, why;
    bool required = false;
  };
  std::vector<LeftOut> left_out;  // exporters that could not be started
};

}  // namespace csiem::admin
