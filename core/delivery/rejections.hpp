// Whether the platform refuses so much that it must be the configuration.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <bitset>
#include <cstdint>

namespace csiem::delivery {

// How the last hundred events were judged. Half of them refused is a burst: most likely somebody changed an index, a
// mapping or a role, and going on would turn the queue into dead letters. Pure: decides, does nothing.
class Rejections {
 public:
  static constexpr uint64_t kWindow = 100, kBurst = 50;

  // One answer. A batch larger than the window counts with its share. True: it is a burst, stop.
  bool add(uint64_t accepted, uint64_t refused) {
    const uint64_t all = accepted + refused;
    if (all > kWindow) {
      refused = (refused * kWindow + all / 2) / all;
      accepted = kWindow - refused;
    }
    if (tolerated_ > 0) tolerated_ = refused > 0 ? kWindow : tolerated_ - std::min(tolerated_, accepted);
    if (refused == 0 && last_.none()) return false;  // steady work
    last_ <<= accepted;
    for (; refused > 0; --refused) {
      last_ <<= 1;
      last_.set(0);
    }
    return last_.count() >= kBurst && tolerated_ == 0;
  }
  // A hold begins: what comes after it is judged by itself.
  void forget() { last_.reset(); }
  // An operator has seen it and wants the queue drained all the same: no burst until a hundred events
  // in a row were accepted.
  void tolerate() { tolerated_ = kWindow; }
  std::size_t refused() const { return last_.count(); }

 private:
  std::bitset<kWindow> last_;
  uint64_t tolerated_ = 0;  // events that still have to be accepted; 0: bursts count
};

}  // namespace csiem::delivery
