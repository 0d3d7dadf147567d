// Where a store that does not wait for the disk goes back to after a power cut (delivery.md 3.3, durability
// "interval"). SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>

#include "base/fd.hpp"
#include "base/result.hpp"
#include "store/meta_page.hpp"

namespace csiem::store {

// LMDB without syncs leaves, when the power fails, whatever the kernel happened to have written: a head page may lead
// to pages that never got to the disk. So the head of a state that is on the disk as a whole is kept aside. As long as
// no page of that state is used again, putting its head back brings exactly that state back.
//
// The file lies beside data.mdb and has two slots, each with a checksum, that are written in turn: whatever a torn
// write leaves of one, the other is good, and its state is kept until the sync of the newer one is done. Nothing is
// allocated after its creation, so a full disk does not matter. One thread.
class SafePoint {
 public:
  // Of the store in this directory, if it has one. `boot_id`: names the time since the machine was started; empty: the
  // machine's own. Fails with CS5005.
  static Result<SafePoint> open(const std::string& directory, std::string boot_id, bool read_only);

  // Whether the power was lost while the store relied on its safe point: nothing else is to be trusted. A process that
  // merely died leaves everything to the kernel, and nothing is lost.
  bool power_was_lost() const noexcept;
  // Whether the store relies on it.
  bool in_use() const noexcept { return slot_.in_use != 0; }
  // When the safe point was made.
  int64_t saved_unix_ns() const noexcept { return slot_.saved_unix_ns; }

  // Before LMDB opens the file: puts the head of the safe point in the place of both heads, durably.
  Result<void> restore(const std::string& data_file) const;
  // The state `txn_id`, the newest one, is on the disk as a whole, and none of its pages will be used again until the
  // next save() has succeeded.
  Result<void> save(int data_fd, std::size_t txn_id, int64_t now_unix_ns);
  // From now on every commit waits for the disk, or there is none.
  Result<void> retire();

 private:
  struct Slot {
    uint64_t magic;
    uint32_t version;
    uint32_t in_use;      // 0: retired
    uint64_t generation;  // the higher one counts
    int64_t saved_unix_ns;
    char boot_id[64];
    Meta meta;
    uint32_t padding;
    uint32_t checksum;  // CRC-32C of everything before
  };
  static constexpr std::size_t kSlotBytes = 4096;  // nothing tears both

  explicit SafePoint(std::string directory) : directory_(std::move(directory)) {}
  std::string path() const { return directory_ + "/safe-point"; }
  Result<void> create();
  Result<void> put(Slot slot);
  static bool read_slot(std::string_view bytes, Slot& out);

  std::string directory_, boot_id_;
  Fd fd_;  // none yet: there is no file
  Slot slot_{};
};

}  // namespace csiem::store
