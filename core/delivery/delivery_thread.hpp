// One thread with its event loop and its HTTP client; lanes are pinned to it.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "base/clock.hpp"
#include "delivery/loop.hpp"

namespace csiem::delivery {

// The thread keeps its own object alive, so one that is stuck for ever can be left behind.
class DeliveryThread final : public Loop, public std::enable_shared_from_this<DeliveryThread> {
 public:
  static std::shared_ptr<DeliveryThread> start(const Clock& clock);
  // Use start().
  explicit DeliveryThread(const Clock& clock);
  ~DeliveryThread() override;

  void post(std::function<void()> work) override;
  void alarm(const std::shared_ptr<Lane>& lane, int64_t mono_ns) override;
  Result<http::RequestId> send(http::Request request, std::shared_ptr<const http::Policy> policy,
                               http::Client::Handler done) override;
  void cancel(http::RequestId id) override;
  std::string spare_body() override;
  plugin::CallSlot& slot() override { return slot_; }
  void working_for(const Lane* lane) override { active_.store(lane, std::memory_order_release); }

  // The lane that the thread works for at this moment, or null. Any thread; only to be compared.
  const Lane* active() const { return active_.load(std::memory_order_acquire); }

  // Lets the thread end after what is posted already.
  void finish();
  // True once it has ended; waits for that at most so long.
  bool ended(std::chrono::milliseconds limit);
  // After ended().
  void join();
  // Leaves a lost thread to itself.
  void leave();

 private:
  struct Impl;
  void run();

  const Clock& clock_;
  plugin::CallSlot slot_;
  std::atomic<const Lane*> active_{nullptr};
  std::unique_ptr<Impl> impl_;
};

}  // namespace csiem::delivery
