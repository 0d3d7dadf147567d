// The numbers by which plugins name batches that they have not finished.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <atomic>
#include <cstdint>
#include <mutex>
#include <unordered_map>

#include "base/clock.hpp"

namespace csiem::delivery {

// 64-bit numbers of which none is given twice in a process and which cannot be guessed from one another. Any thread.
class TokenSource {
 public:
  TokenSource() { secure_random(&key_, sizeof key_); }
  uint64_t next() noexcept {
    // Each step is a bijection, so different counts stay different.
    uint64_t z = next_.fetch_add(1, std::memory_order_relaxed) ^ key_;
    z *= 0x9e3779b97f4a7c15ULL;
    z ^= z >> 32;
    z *= 0xbf58476d1ce4e5b9ULL;
    return z == 0 ? next() : z;  // 0 means "no token"
  }

 private:
  uint64_t key_ = 0;
  std::atomic<uint64_t> next_{1};
};

// Which tokens of one instance are open. Any thread.
class TokenTable {
 public:
  enum class Answer { first, again, unknown };

  void open(uint64_t token, uint32_t count) {
    const std::lock_guard lock(mutex_);
    open_.emplace(token, Entry{count, false});
  }
  // The lane is done with the token: it was completed, cancelled, or its submit failed.
  void close(uint64_t token) {
    const std::lock_guard lock(mutex_);
    open_.erase(token);
  }
  // The number of events of an open token (of a health check 1), 0 when there is no such token.
  uint32_t count(uint64_t token) const {
    const std::lock_guard lock(mutex_);
    const auto found = open_.find(token);
    return found == open_.end() ? 0 : found->second.count;
  }
  // Marks the token completed; only the first time counts.
  Answer complete(uint64_t token) {
    const std::lock_guard lock(mutex_);
    const auto found = open_.find(token);
    if (found == open_.end()) return Answer::unknown;
    if (found->second.completed) return Answer::again;
    found->second.completed = true;
    return Answer::first;
  }

 private:
  struct Entry {
    uint32_t count;
    bool completed;
  };
  mutable std::mutex mutex_;  // guards open_
  std::unordered_map<uint64_t, Entry> open_;
};

}  // namespace csiem::delivery
