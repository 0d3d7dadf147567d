// The circuit breaker of one exporter, and the holds that share its probing. Pure: decides, does nothing.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>

#include "base/clock.hpp"

namespace csiem::delivery {

// Opens after `failure_threshold` failures in a row, or when at least half of at least 20 requests of the last 30 s
// failed. While open nothing is sent; afterwards exactly one probe. A failed probe doubles the time, up to five
// minutes, give or take a fifth. Answers that refuse data or ask to slow down are no failures: do not report them.
class Breaker {
 public:
  enum class State { closed, open, half_open };
  enum class Change { none, opened, closed };
  struct Settings {
    int64_t failure_threshold = 5;
    int64_t open_for_ms = 30'000;
  };

  Breaker(Settings settings, Random& random) : settings_(settings), random_(random) {}

  State state() const noexcept { return state_; }
  // When the probe may go; meaningful while open.
  int64_t probe_at_ns() const noexcept { return probe_at_ns_; }
  // The caller sends its one probe now.
  void begin_probe() noexcept { state_ = State::half_open; }
  // Somebody believes that the destination works again: the probe may go at once.
  void probe_now(int64_t now_ns) noexcept { probe_at_ns_ = std::min(probe_at_ns_, now_ns); }
  // How long it was opened for last; a failed probe doubles it. 0 while closed.
  int64_t open_for_ms() const noexcept { return open_for_ms_; }
  // As it was in an earlier process: open until then. `open_for_ms` is kept within what it may be.
  void reopen(int64_t open_for_ms, int64_t probe_at_ns) noexcept {
    open_for_ms_ = std::clamp(open_for_ms, std::min(settings_.open_for_ms, longest_open_ms()), longest_open_ms());
    probe_at_ns_ = probe_at_ns;
    state_ = State::open;
  }
  int64_t longest_open_ms() const noexcept { return std::max(kMaxOpenMs, settings_.open_for_ms); }
  // A probe ended without telling anything: another one may go.
  void probe_undecided() noexcept {
    if (state_ == State::half_open) state_ = State::open;
  }

  Change on_success(int64_t now_ns);
  Change on_failure(int64_t now_ns);

 private:
  struct Second {
    int64_t number = -1;
    uint32_t requests = 0, failures = 0;
  };
  static constexpr int64_t kWindowSeconds = 30;
  static constexpr int64_t kMaxOpenMs = 300'000;

  Second& second(int64_t now_ns);
  bool window_is_bad(int64_t now_ns) const;
  void open(int64_t now_ns);

  Settings settings_;
  Random& random_;
  State state_ = State::closed;
  int64_t failures_in_row_ = 0;
  int64_t open_for_ms_ = 0;
  int64_t probe_at_ns_ = 0;
  std::array<Second, kWindowSeconds> window_{};
};

// Stops an exporter whose configuration is wrong, not its data: a probe each interval, until one is accepted.
class Hold {
 public:
  enum class Kind { none, auth, destination, rejected_all };

  Kind kind() const noexcept { return kind_; }
  explicit operator bool() const noexcept { return kind_ != Kind::none; }
  int64_t probe_at_ns() const noexcept { return probe_at_ns_; }

  void begin(Kind kind, int64_t now_ns, int64_t interval_ns) noexcept {
    kind_ = kind;
    probe_at_ns_ = now_ns + interval_ns;
  }
  // As it was in an earlier process.
  void resume(Kind kind, int64_t probe_at_ns) noexcept {
    kind_ = kind;
    probe_at_ns_ = probe_at_ns;
  }
  // A probe was sent or failed: the next one an interval later.
  void postpone(int64_t now_ns, int64_t interval_ns) noexcept { probe_at_ns_ = now_ns + interval_ns; }
  // Something changed that may help (a credential): probe at once.
  void probe_now(int64_t now_ns) noexcept { probe_at_ns_ = now_ns; }
  void clear() noexcept { kind_ = Kind::none; }

 private:
  Kind kind_ = Kind::none;
  int64_t probe_at_ns_ = 0;
};

}  // namespace csiem::delivery
