// Asking a destination whether it would accept events: the `health` of the plugin interface.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <functional>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

#include "config/config.hpp"
#include "delivery/exchange.hpp"

namespace csiem::delivery {

// How a destination stands.
struct HealthReport {
  // answered: the plugin said so. delivery: known from delivery alone, because the plugin has no health check, had
  // nothing to ask, or could not be called.
  enum class Basis { answered, delivery } basis = Basis::delivery;
  int code = 0;                 // of messages.def; 0: nothing is known against it
  std::string text;             // the vendor's code and words, secrets masked; empty when all is well
  config::Origin setting;       // where the setting stands that led there; line 0: unknown
  int64_t checked_unix_ns = 0;  // when the newest check ended; 0: none has
  int64_t took_ns = 0;          // it

  bool good() const noexcept { return code == 0; }
};

// One question to one plugin instance.
struct HealthCall : Exchange {
  bool open = true;
  bool undecided = false;  // ended without telling anything
  int code = 0;
  std::string vendor_code, text;
};

// The questions of one check, one per destination. Lane's thread.
class HealthRound {
 public:
  void begin(int64_t now_ns, int64_t deadline_ns) {
    began_ns_ = now_ns;
    deadline_ns_ = deadline_ns;
    calls_.clear();
    running_ = true;
  }
  HealthCall& add() { return calls_.emplace_back(); }
  // Open ones alone.
  HealthCall* find(uint64_t token) {
    for (HealthCall& call : calls_)
      if (call.open && call.token == token) return &call;
    return nullptr;
  }
  void end() noexcept { running_ = false; }

  bool running() const noexcept { return running_; }
  bool answered() const noexcept {
    for (const HealthCall& call : calls_)
      if (call.open) return false;
    return true;
  }
  int64_t began_ns() const noexcept { return began_ns_; }
  int64_t deadline_ns() const noexcept { return deadline_ns_; }
  std::vector<HealthCall>& calls() noexcept { return calls_; }

 private:
  bool running_ = false;
  int64_t began_ns_ = 0, deadline_ns_ = 0;
  std::vector<HealthCall> calls_;
};

// Who waits for the end of a check. Any thread.
class HealthWaiters {
 public:
  using Done = std::function<void(const HealthReport&)>;

  void add(Done done) {
    const std::lock_guard lock(mutex_);
    waiting_.push_back(std::move(done));
  }
  // Tells each of them, once.
  void tell(const HealthReport& report) {
    std::vector<Done> told;
    {
      const std::lock_guard lock(mutex_);
      told.swap(waiting_);
    }
    for (const Done& done : told) done(report);
  }

 private:
  std::mutex mutex_;  // guards waiting_
  std::vector<Done> waiting_;
};

}  // namespace csiem::delivery
