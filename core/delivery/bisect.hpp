// Finding the events that a server refuses when it only says that the batch is bad. Pure bookkeeping.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

namespace csiem::delivery {

// The search inside one batch: halves in order, each sent as a request of its own, down to single events. Singles that
// are refused before anything was accepted are only suspects: when the first eight of them are all refused it is the
// configuration, not the data, and none of them is given up.
class Bisect {
 public:
  static constexpr uint32_t kSinglesToHold = 8;

  // What to do with the suspects, including the one just reported.
  enum class Ruling {
    wait,     // keep them
    give_up,  // they are bad: dead letters
    hold      // everything is refused: keep all, stop the exporter
  };

  // One part (at first the whole batch) is to be sent.
  void add_part() noexcept { ++parts_; }
  // A part ended with events accepted.
  Ruling part_accepted() noexcept {
    --parts_;
    proven_ = true;
    return Ruling::give_up;
  }
  // A part was refused and its halves were added.
  void part_halved() noexcept { --parts_; }
  // A part of one event was refused.
  Ruling single_refused() noexcept {
    --parts_;
    if (proven_) return Ruling::give_up;
    if (++suspects_ >= kSinglesToHold) {
      proven_ = true;  // whatever comes after the hold ends is judged by itself
      return Ruling::hold;
    }
    return parts_ == 0 ? Ruling::give_up : Ruling::wait;
  }
  // A part ended in another way (expired, too large).
  Ruling part_gone() noexcept {
    --parts_;
    return parts_ == 0 || proven_ ? Ruling::give_up : Ruling::wait;
  }

 private:
  uint32_t parts_ = 0, suspects_ = 0;
  bool proven_ = false;
};

}  // namespace csiem::delivery
