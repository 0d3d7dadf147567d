// How many batches of one exporter may be in flight. Pure.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>

namespace csiem::delivery {

// A fixed number of permits, except after an outage: then it begins at one and each accepted batch adds one.
class Permits {
 public:
  explicit Permits(uint32_t limit) : limit_(std::max<uint32_t>(limit, 1)), now_(limit_) {}

  uint32_t limit() const noexcept { return limit_; }
  bool free(std::size_t in_flight) const noexcept { return in_flight < now_; }
  void slow_start() noexcept { now_ = 1; }
  void on_success() noexcept { now_ = std::min(limit_, now_ + 1); }

 private:
  uint32_t limit_;
  uint32_t now_;
};

}  // namespace csiem::delivery
