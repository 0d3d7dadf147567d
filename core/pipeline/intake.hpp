// The ingest thread: sources, mapping, processing, append.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "base/clock.hpp"
#include "config/config.hpp"
#include "credentials/credential_store.hpp"
#include "process/privacy/redaction_counts.hpp"
#include "process/stamp.hpp"
#include "store/store.hpp"

namespace csiem::pipeline {

// What [global] adds to every event.
process::StampSettings stamp_settings(const config::Global& global);

// Counters that other threads may read at any time.
struct IntakeStats {
  std::atomic<uint64_t> lines{0}, bytes{0}, accepted{0}, filtered{0}, repeated{0}, quarantined{0}, suppressed{0},
      foreign{0}, utf8_repaired{0}, partial_tails{0};
};

struct IntakeParts {
  std::vector<config::Source> sources;  // enabled ones
  config::Global global;
  process::FilterSettings filtering;
  process::PrivacySettings privacy;
  // The current key of privacy.hash_fields, null while there is none. Asked on the ingest thread before each block.
  std::function<credentials::SecretRef()> hash_key;
  store::Store* store = nullptr;
  const Clock* clock = nullptr;
  // True while the sources have to wait. Asked on the ingest thread before each block.
  std::function<bool()> must_wait;
  bool once = false;
};

// Owns the ingest thread from start() to stop().
class Intake {
 public:
  explicit Intake(IntakeParts parts);
  ~Intake();
  Intake(const Intake&) = delete;
  Intake& operator=(const Intake&) = delete;

  Result<void> start();
  // Reads no further block, ends the thread. What was read is appended.
  void stop();
  // Something that must_wait() looks at may have changed. Any thread.
  void resume();

  // Every source is at its end and everything that was read is appended. Any thread.
  bool drained() const;
  // Some source has ended for good and no other one is left (standard input was closed).
  bool ended() const;

  struct SourceView {
    std::string id, type, path, problem;
    int problem_code = 0;
    uint64_t events = 0;
  };
  // A copy of each source's condition, at most a moment old. Any thread.
  std::vector<SourceView> sources() const;
  const IntakeStats& stats() const;
  const process::RedactionCounts& redactions() const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace csiem::pipeline
