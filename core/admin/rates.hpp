// How fast counters grew during the last minute.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <map>
#include <string>

#include "admin/snapshot.hpp"

namespace csiem::admin {

// Keeps a few numbers of earlier snapshots. One thread.
class Rates {
 public:
  static constexpr int64_t kSampleSeconds = 5;

  // Call it every kSampleSeconds.
  void sample(const Snapshot& snapshot);
  // Events a second from the oldest sample to this snapshot; 0 before the first sample.
  double delivered(const Snapshot& now, const ExporterView& exporter) const;
  double read(const Snapshot& now, const SourceView& source) const;

 private:
  struct Sample {
    int64_t mono_ns;
    std::map<std::string, uint64_t> delivered, read;
  };
  static constexpr std::size_t kSamples = 12;

  std::deque<Sample> samples_;
};

}  // namespace csiem::admin
