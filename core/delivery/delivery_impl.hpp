// What the facade and the watchdog share.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <atomic>
#include <memory>
#include <vector>

#include "delivery/delivery_thread.hpp"
#include "delivery/lane.hpp"
#include "delivery/lane_core.hpp"
#include "delivery/tokens.hpp"

namespace csiem::delivery {

struct Delivery::Impl {
  Impl(const Clock& clock_, Tuning tuning_) : clock(clock_), tuning(tuning_) {}

  // The thread is inside of a call for ever: leaves it behind and buries the lane that called.
  void lose_thread(std::size_t index, const plugin::CallSlot::Running& call);
  // Null when there is none, or its plugin is stuck.
  std::shared_ptr<Lane> find(std::string_view id) const;

  // Where a lane runs.
  struct Placed {
    std::shared_ptr<Lane> lane;
    std::size_t thread;
    bool lost;  // its plugin is stuck, its thread was left behind
  };

  const Clock& clock;
  const Tuning tuning;
  TokenSource tokens;
  plugin::CallSlot setup_slot;  // of the control thread, which creates the instances
  std::vector<std::shared_ptr<DeliveryThread>> threads;
  std::vector<Placed> lanes;
  std::atomic<unsigned> abandoned{0};
  bool stopped = false;
};

}  // namespace csiem::delivery
