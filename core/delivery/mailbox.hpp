// What other threads have to say to a lane.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <csiem/plugin.h>

#include <cstdint>
#include <functional>
#include <mutex>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "delivery/verdict.hpp"
#include "event/batch.hpp"
#include "store/store.hpp"

namespace csiem::delivery {

// Filled by any thread, emptied by the lane. Wakes the lane's loop once, however many letters come before it looks.
class Mailbox {
 public:
  struct Completion {
    uint64_t token;
    Verdict verdict;
  };
  struct Task {
    uint32_t outlet;
    csiem_task run;
    void* user;
    uint64_t token;  // of the batch on whose behalf it was posted; 0: none
  };
  struct Published {
    event::BatchRef batch;
    std::vector<store::Range> skip;      // sequences that are not this lane's to send any more
    std::shared_ptr<ReplaySink> replay;  // set: the batch does not come from the log
  };
  struct Content {
    std::vector<Published> batches;
    std::vector<Completion> completions;
    std::vector<Task> tasks;
    std::vector<std::string> breaches;
    std::vector<bool> refreshes;  // answers to refresh_credential: did the value change?
    bool flush = false, credentials = false, ask_health = false;
    std::optional<bool> pause;  // the operator's latest word

    void clear() {
      batches.clear();
      completions.clear();
      tasks.clear();
      breaches.clear();
      refreshes.clear();
      flush = credentials = ask_health = false;
      pause.reset();
    }
  };

  // `fill` runs under the lock; keep it short. Returns what it returns; false-like without running it once closed.
  template <class F>
  bool put(F&& fill) {
    const std::lock_guard lock(mutex_);
    if (closed_ || !std::forward<F>(fill)(content_)) return false;
    if (!woken_ && wake_) {
      woken_ = true;
      wake_();
    }
    return true;
  }
  // Only makes the lane look.
  void wake() {
    put([](Content&) { return true; });
  }

  // Lane: takes everything; `out` must be clear.
  void take(Content& out) {
    const std::lock_guard lock(mutex_);
    std::swap(out, content_);
    woken_ = false;
  }
  // The lane runs elsewhere from now on, and is woken there. `wake` runs under the lock: it may only post.
  void attach(std::function<void()> wake) {
    const std::lock_guard lock(mutex_);
    wake_ = std::move(wake);
    woken_ = true;
    wake_();
  }
  // Nothing is accepted any more.
  void close() {
    const std::lock_guard lock(mutex_);
    closed_ = true;
    wake_ = nullptr;
    content_ = Content();
  }

 private:
  std::mutex mutex_;  // guards everything; taken once per batch
  Content content_;
  std::function<void()> wake_;
  bool woken_ = false, closed_ = false;
};

}  // namespace csiem::delivery
