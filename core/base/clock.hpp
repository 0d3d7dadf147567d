// Time and randomness, replaceable in tests.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <atomic>
#include <cstdint>

namespace csiem {

inline constexpr int64_t kNsPerMs = 1'000'000, kNsPerSecond = 1'000'000'000;

// Where every part of the daemon gets the time from. Any thread.
class Clock {
 public:
  virtual ~Clock() = default;
  virtual int64_t unix_ns() const = 0;  // wall clock, may jump
  virtual int64_t mono_ns() const = 0;  // never goes back; only differences mean anything
};

// The operating system's clocks. Lives for the whole process.
const Clock& system_clock();

// A clock that stands still until told otherwise.
class ManualClock final : public Clock {
 public:
  explicit ManualClock(int64_t unix_ns = 1'772'500'000'000'000'000) : unix_(unix_ns) {}
  int64_t unix_ns() const override { return unix_.load(std::memory_order_relaxed); }
  int64_t mono_ns() const override { return mono_.load(std::memory_order_relaxed); }
  void advance_ns(int64_t ns) {
    unix_.fetch_add(ns, std::memory_order_relaxed);
    mono_.fetch_add(ns, std::memory_order_relaxed);
  }
  void advance_ms(int64_t ms) { advance_ns(ms * 1'000'000); }
  // Somebody sets the wall clock.
  void step_wall_ms(int64_t ms) { unix_.fetch_add(ms * 1'000'000, std::memory_order_relaxed); }

 private:
  std::atomic<int64_t> unix_;
  std::atomic<int64_t> mono_{1'000'000'000};
};

// Source of jitter. Not for secrets. One owner, one thread.
class Random {
 public:
  virtual ~Random() = default;
  // Uniform in [0, bound); 0 when bound is 0.
  virtual uint64_t below(uint64_t bound) = 0;
};

// Seeded from the operating system.
class SystemRandom final : public Random {
 public:
  SystemRandom();
  uint64_t below(uint64_t bound) override;

 private:
  uint64_t state_;
};

// Cryptographic randomness, for ids and channels. Any thread.
void secure_random(void* out, std::size_t len);

}  // namespace csiem
