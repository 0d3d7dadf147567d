// A scripted load on a real store: what it did to the disk, and what it was promised at which moment.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "disk_tap.hpp"
#include "store/store.hpp"

namespace csiem::test {

inline constexpr uint64_t kStoreBytes = 16U << 20;
// Looked at with the machine's own, a recording is one of a machine that was started again.
inline constexpr const char* kRecordedBoot = "recorded";

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
  // When the disk failed: why the store could not be opened, else why it could not be written in the end.
  std::optional<Error> refused, unwritten;
};

// Appends, checkpoints, settles in any order, dead letters, quarantine, deletions: as the seed says, in about `steps`
// steps with one or two syncs each. What failed to be written is no promise. Below `directory`.
struct LoadSettings {
  uint64_t seed = 1;
  std::size_t steps = 0;  // 0: as the seed says
  store::Durability durability = store::Durability::sync;
};
Recording run_load(const std::string& directory, const LoadSettings& settings);
// The same in a directory of its own, with what it did to the disk.
Recording record_load(uint64_t seed, store::Durability durability);

// To a file and back, for a failure that has to be looked at again.
void save(const Recording& recording, const std::string& path);
Recording load(const std::string& path);

}  // namespace csiem::test
