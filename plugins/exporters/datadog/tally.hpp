// Counts of delivered events, as series of the metrics intake (series v2).
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <csiem/plugin.h>

#include <array>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace csiem::datadog {

struct SeriesRules {
  std::string prefix;             // clawdstrike.security
  std::vector<std::string> tags;  // clean, of every series
  std::string host;               // of the sender; empty: none
  int64_t interval_s = 10;
};

// Whether a name may begin metrics: a letter, then letters, digits, '_' and '.'.
bool is_metric_prefix(std::string_view text) noexcept;

// One number per (environment, what is counted) until it is taken. At most kMaxNames environments and guards have
// numbers of their own; further ones are counted as "other", so that totals stay right and memory bounded.
class Tally {
 public:
  static constexpr std::size_t kMaxNames = 200;

  explicit Tally(SeriesRules rules) : rules_(std::move(rules)) {}

  void count(const csiem_event& event);
  bool empty() const noexcept { return by_environment_.empty(); }

  // What was counted since the last take, as a payload with one point per series. Two points of one series in one
  // second would replace each other, so the time given out is later than the last one.
  struct Payload {
    std::string body;
    uint64_t points = 0;
    int64_t time_s = 0;
  };
  Payload take(int64_t now_s);

 private:
  struct Counts {
    uint64_t allowed = 0, denied = 0;
    std::array<uint64_t, 5> severity{};
    std::array<uint64_t, 3> outcome{};
    std::map<std::string, uint64_t, std::less<>> guards;  // by tag value
  };
  void write(std::string_view environment, const Counts& counts, Payload& out) const;

  SeriesRules rules_;
  std::map<std::string, Counts, std::less<>> by_environment_;
  int64_t last_time_s_ = 0;
};

}  // namespace csiem::datadog
