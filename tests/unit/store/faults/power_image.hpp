// A file of the store as a power cut could have left it.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <map>
#include <random>
#include <span>
#include <string>
#include <vector>

#include "disk_tap.hpp"

namespace csiem::test {

inline constexpr std::size_t kPage = 4096, kSector = 512;

// Follows the operations on one file one by one. What is synced is on the disk; what is not may be there or not, page
// by page.
class Disk {
 public:
  explicit Disk(StoreFile file) : file_(file) {}
  void apply(const DiskOp& op);

  // One of the possible files: each page that is not synced is kept in one of the states it was in, dropped, or torn
  // between them at sectors.
  std::string image(std::mt19937_64& rng) const;
  // Whether there may be a file of that name at all: it is created in its final directory. Not for data.mdb.
  bool is_there(std::mt19937_64& rng) const { return name_synced_ || (size_ > 0 && rng() % 2 == 0); }
  // The directory it lies in: "store", or "store.new" while it is being created. `created_aside`: the record has the
  // move.
  std::string place(std::mt19937_64& rng, bool created_aside) const {
    const bool in_place = !created_aside || name_synced_ || (moved_ && rng() % 2 == 0);
    return in_place ? "store" : "store.new";
  }

 private:
  void write(uint64_t offset, const std::string& bytes);
  void sync_page(uint64_t page);
  std::string durable_page(uint64_t page) const;

  const StoreFile file_;
  std::string durable_;
  uint64_t size_ = 0;                                     // with what is not synced
  std::map<uint64_t, std::vector<std::string>> pending_;  // page to its states since the sync
  std::vector<uint64_t> last_pages_;
  bool moved_ = false, name_synced_ = false;
};

}  // namespace csiem::test
