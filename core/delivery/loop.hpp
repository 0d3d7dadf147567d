// What a lane needs from the thread that it runs on.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "base/result.hpp"
#include "http/client.hpp"
#include "plugin/registry.hpp"

namespace csiem::delivery {

class Lane;

// A delivery thread as its lanes see it. Lanes can move from a lost loop to a new one.
class Loop {
 public:
  virtual ~Loop() = default;
  // Runs `work` on the loop's thread, later. Any thread.
  virtual void post(std::function<void()> work) = 0;

  // The rest: on the loop's thread only.
  // Calls lane.run() once the monotonic clock reached `mono_ns`; replaces the lane's earlier alarm. INT64_MAX: never.
  virtual void alarm(const std::shared_ptr<Lane>& lane, int64_t mono_ns) = 0;
  virtual Result<http::RequestId> send(http::Request request, std::shared_ptr<const http::Policy> policy,
                                       http::Client::Handler done) = 0;
  virtual void cancel(http::RequestId id) = 0;
  // An empty string with memory of an earlier body, see http::Client.
  virtual std::string spare_body() = 0;
  virtual plugin::CallSlot& slot() = 0;
  // Which lane is at work on the loop, for the watchdog; null when it is done.
  virtual void working_for(const Lane* lane) = 0;
};

}  // namespace csiem::delivery
