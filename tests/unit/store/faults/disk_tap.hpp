// Listens to what this process does to the files of one directory, and lets calls fail. The calls of the C library are
// replaced in the executable itself, so LMDB's go through here, too.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace csiem::test {

// The store's files that matter after a power cut.
enum class StoreFile : uint8_t { data, safe_point };

// One thing that happened to one of them, in the order in which the calls returned.
struct DiskOp {
  enum class Kind : uint8_t {
    write,       // the bytes may be on the disk
    sync,        // everything before is on the disk
    sync_range,  // what was written last is on the disk (O_DSYNC)
    truncate,    // to `offset`
    move_in,     // data.mdb lies in its final directory
    sync_name    // what lies in that directory stays there
  };
  Kind kind = Kind::write;
  uint64_t offset = 0;
  std::string bytes;
  StoreFile file = StoreFile::data;
};

namespace disk_tap {

// Files below `directory` from now on.
void watch(const std::string& directory);
void ignore();

// What was recorded since watch().
std::vector<DiskOp> take();
// How many operations are recorded; any thread.
std::size_t position();

// How a call fails.
struct Failure {
  uint64_t call = 0;        // the first that fails, counted from 1 over all files; 0: none
  bool persistent = false;  // and all behind it
  int error = 0;            // errno; 0: a write takes only half of its bytes, a sync succeeds
  bool late = false;        // a write that fails has changed the file
  bool and_next = false;    // the call behind it fails as well, without having changed anything
};
void set_failure(const Failure& failure);
// Calls that could have failed since set_failure(), and those that did.
uint64_t calls();
uint64_t failed_calls();

}  // namespace disk_tap
}  // namespace csiem::test
