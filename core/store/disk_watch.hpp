// Stops the sources before the disk is full (delivery.md 6).
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <cstdint>
#include <utility>

#include "store/figures.hpp"

namespace csiem::store {

// Others need the disk as well, and a full one fails in the middle of something. What the store's file holds already
// is the store's, so that pages which exporters have freed may be used again. Pure: decides, does nothing.
class DiskWatch {
 public:
  // A twentieth of the disk or 1 GiB, whichever is smaller.
  static uint64_t floor_bytes(const DiskSpace& disk) {
    return std::min<uint64_t>(disk.total_bytes / 20, uint64_t{1} << 30);
  }
  // Enough for some groups without the file growing.
  static constexpr uint64_t kEnoughInside = 32U << 20;

  // `inside_bytes` of the store's file are unused. Returns whether the answer has changed.
  bool look(const DiskSpace& disk, uint64_t inside_bytes) {
    const uint64_t floor = floor_bytes(disk);
    // A little more is wanted for the way back, so that it does not flutter.
    const bool low = low_ ? disk.free_bytes < floor + floor / 10 && inside_bytes < 2 * kEnoughInside
                          : disk.free_bytes < floor && inside_bytes < kEnoughInside;
    return std::exchange(low_, low) != low;
  }
  bool low() const noexcept { return low_; }

 private:
  bool low_ = false;
};

}  // namespace csiem::store
