// Metric events: how many events were delivered, once per interval.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <csiem/sdk/host.hpp>
#include <csiem/sdk/request.hpp>

#include <cstdint>
#include <functional>
#include <string>
#include <utility>

#include "splunk/event_counts.hpp"

namespace csiem::splunk {

// Counted twice is worse than not counted: only what was certainly not taken goes into the next interval. One thread;
// may not move, a timer knows where it is.
class Metrics {
 public:
  struct Settings {
    std::string index;  // empty: no metrics
    uint32_t interval_ms;
    std::string source, machine;  // of the metric events
  };
  // `send` addresses the request and sends it; answered() follows. False: not now.
  Metrics(Settings settings, std::function<bool(Request&)> send)
      : settings_(std::move(settings)), send_(std::move(send)) {}
  Metrics(const Metrics&) = delete;
  Metrics& operator=(const Metrics&) = delete;

  bool on() const noexcept { return !settings_.index.empty(); }
  // To be added to, followed by counted().
  EventCounts& counts() noexcept { return counts_; }
  void counted(const Host& host);
  void add(const Host& host, const EventCounts& counts);
  void answered(const Host& host, const csiem_http_response& response);

 private:
  static void due(void* user) noexcept;
  void report();

  const Settings settings_;
  const std::function<bool(Request&)> send_;
  const Host* host_ = nullptr;       // from counted() on
  EventCounts counts_, on_the_way_;  // since metrics went out last; what they said
  bool counting_ = false, said_refused_ = false;
};

}  // namespace csiem::splunk
