// Randomness that is none.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "base/clock.hpp"

namespace csiem::test {

// Always the same share of the range: 0 the lowest, 1000 the highest.
class FixedRandom final : public Random {
 public:
  explicit FixedRandom(uint64_t permille) : permille_(permille) {}
  uint64_t below(uint64_t bound) override { return bound == 0 ? 0 : (bound - 1) * permille_ / 1000; }

 private:
  uint64_t permille_;
};

}  // namespace csiem::test
