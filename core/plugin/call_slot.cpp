// The state word counts calls in its upper bits, so that a watchdog never takes a new call for the one it looked at.
#include <time.h>
#include <unistd.h>

#include "plugin/registry.hpp"

namespace csiem::plugin {
namespace {

constexpr uint64_t kInCall = 1, kAbandoned = 2, kMask = 3, kNext = 4;

// Same timeline as the daemon's monotonic clock, a few milliseconds coarse: cheap enough for every event.
int64_t coarse_mono_ns() noexcept {
  timespec ts{};
  clock_gettime(CLOCK_MONOTONIC_COARSE, &ts);
  return static_cast<int64_t>(ts.tv_sec) * 1'000'000'000 + ts.tv_nsec;
}

}  // namespace

void CallSlot::enter(const std::string* instance, const char* call) noexcept {
  const uint64_t state = state_.load(std::memory_order_relaxed);
  since_.store(coarse_mono_ns(), std::memory_order_relaxed);
  instance_.store(instance, std::memory_order_relaxed);
  call_.store(call, std::memory_order_relaxed);
  state_.store((state & ~kMask) | kInCall, std::memory_order_release);
}

void CallSlot::leave() noexcept {
  uint64_t state = state_.load(std::memory_order_relaxed);
  if ((state & kMask) == kInCall &&
      state_.compare_exchange_strong(state, (state & ~kMask) + kNext, std::memory_order_acq_rel))
    return;
  // Given up by the watchdog while it was inside: what it would go on with may be gone.
  if ((state & kMask) == kAbandoned)
    for (;;) ::pause();
}

bool CallSlot::running(int64_t now_mono_ns, Running* out) const {
  const uint64_t state = state_.load(std::memory_order_acquire);
  if ((state & kMask) == 0) return false;
  const int64_t since = since_.load(std::memory_order_relaxed);
  const std::string* instance = instance_.load(std::memory_order_relaxed);
  const char* call = call_.load(std::memory_order_relaxed);
  std::atomic_thread_fence(std::memory_order_acquire);
  // The next call may have written its own values already.
  if ((state_.load(std::memory_order_relaxed) | kAbandoned | kInCall) != (state | kAbandoned | kInCall)) return false;
  if (out != nullptr) *out = {instance == nullptr ? std::string() : *instance, call, now_mono_ns - since};
  return true;
}

bool CallSlot::abandon(int64_t now_mono_ns, int64_t limit_ns, Running* out) {
  uint64_t state = state_.load(std::memory_order_acquire);
  Running running;
  if ((state & kMask) != kInCall || !this->running(now_mono_ns, &running) || running.for_ns < limit_ns) return false;
  if (!state_.compare_exchange_strong(state, (state & ~kMask) | kAbandoned, std::memory_order_acq_rel)) return false;
  if (out != nullptr) *out = std::move(running);
  return true;
}

bool CallSlot::abandoned() const noexcept { return (state_.load(std::memory_order_acquire) & kMask) == kAbandoned; }

}  // namespace csiem::plugin
