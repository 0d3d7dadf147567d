// From one publisher to every lane, in process.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "event/batch.hpp"

namespace csiem::bus {

// Says per event whether a subscriber wants it. Must be safe to call from the publishing thread.
using EventPredicate = std::function<bool(const csiem_event&)>;

// Publish and subscribe. emit() and the subscriptions' handlers run on the publishing thread, so a handler only hands
// over (posts the reference to its own thread). subscribe() and Subscription may be used from any thread.
class EventBus {
 public:
  using BatchHandler = std::function<void(const event::BatchRef&)>;
  using EventHandler = std::function<void(const csiem_event&)>;

  // Ends the subscription when destroyed; after that the handler is not running and never called again.
  class Subscription {
   public:
    Subscription() = default;
    Subscription(Subscription&&) noexcept = default;
    Subscription& operator=(Subscription&&) noexcept;
    ~Subscription();

   private:
    friend class EventBus;
    struct State;
    std::shared_ptr<State> state_;
  };

  EventBus();
  ~EventBus();

  // Whole batches, unfiltered: what lanes use.
  [[nodiscard]] Subscription subscribe(BatchHandler handler);
  // One event at a time, those that `filter` keeps (all when it is empty).
  [[nodiscard]] Subscription subscribe(EventPredicate filter, EventHandler handler);

  // Hands the batch to every subscriber.
  void emit(const event::BatchRef& batch);

 private:
  struct Impl;
  std::shared_ptr<Impl> impl_;
};

}  // namespace csiem::bus
