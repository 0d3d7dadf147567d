// A scripted load on a real store: what it did to the disk, and what it was promised at which moment.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "disk_tap.hpp"
#include "store/store.hpp"

namespace csiem::test {

inline constexpr uint64_t kStoreBytes = 16U << 20;

// Something that must hold for every image of the disk from `position` on.
struct Promise {
  std::size_t position = 0;       // operations before it
  store::Sequence published = 0;  // events up to this one, and the checkpoint that says so
  std::string exporter;           // or: this exporter has settled these
  std::vector<store::Range> settled;
  bool operator<(const Promise& other) const { return position < other.position; }
};

struct Recording {
  std::vector<DiskOp> ops;
  std::vector<Promise> promises;   // by position
  std::vector<std::string> texts;  // of event 1 and so on
  std::vector<std::string> exporters;
};

// Appends, checkpoints, settles in any order, dead letters, quarantine, deletions: as the seed says.
Recording record_load(uint64_t seed, store::Durability durability);

// To a file and back, for a failure that has to be looked at again.
void save(const Recording& recording, const std::string& path);
Recording load(const std::string& path);

}  // namespace csiem::test
