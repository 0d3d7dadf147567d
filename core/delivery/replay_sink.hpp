// Where the ends of events go that do not come from the log.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstdint>

#include "store/store.hpp"

namespace csiem::delivery {

// Stands in for the lane's cursor, for the batches that were published with it. Called on the lane's thread.
class ReplaySink {
 public:
  virtual ~ReplaySink() = default;
  // As store::Cursor's.
  virtual void settle(store::Sequence first, store::Sequence last, const std::array<uint64_t, 4>& counts) = 0;
  virtual void dead_letter(store::DeadLetter letter) = 0;
  // Whether the exporter's filter is asked.
  virtual bool is_filtered() const { return true; }
};

}  // namespace csiem::delivery
