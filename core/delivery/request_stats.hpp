// What became of an exporter's HTTP requests, as counters that any thread may read.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <string_view>

namespace csiem::delivery {

// By the answer, or by why there was none.
enum class RequestClass { success, redirect, client_error, throttled, server_error, transport, tls, timeout };
inline constexpr std::array<std::string_view, 8> kRequestClassWords{"2xx", "3xx",       "4xx", "429",
                                                                    "5xx", "transport", "tls", "timeout"};

// Written by the lane's thread only, once per request.
class RequestStats {
 public:
  // Upper bounds of the duration histogram, in seconds; one more bucket follows for what is above.
  static constexpr std::array<double, 12> kBounds{0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60};

  void count(RequestClass how, uint64_t elapsed_ns) noexcept {
    by_class_[static_cast<std::size_t>(how)].fetch_add(1, std::memory_order_relaxed);
    const double seconds = static_cast<double>(elapsed_ns) / 1e9;
    std::size_t bucket = 0;
    while (bucket < kBounds.size() && seconds > kBounds[bucket]) ++bucket;
    buckets_[bucket].fetch_add(1, std::memory_order_relaxed);
    elapsed_ns_.fetch_add(elapsed_ns, std::memory_order_relaxed);
  }

  uint64_t of(RequestClass how) const noexcept {
    return by_class_[static_cast<std::size_t>(how)].load(std::memory_order_relaxed);
  }
  // Requests of this bucket alone.
  uint64_t in_bucket(std::size_t bucket) const noexcept { return buckets_[bucket].load(std::memory_order_relaxed); }
  double seconds() const noexcept { return static_cast<double>(elapsed_ns_.load(std::memory_order_relaxed)) / 1e9; }

 private:
  std::array<std::atomic<uint64_t>, kRequestClassWords.size()> by_class_{};
  std::array<std::atomic<uint64_t>, kBounds.size() + 1> buckets_{};
  std::atomic<uint64_t> elapsed_ns_{0};
};

}  // namespace csiem::delivery
