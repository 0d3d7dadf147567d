// Sends the tally every few seconds, apart from the logs: whatever becomes of metrics, logs are delivered as without.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <csiem/sdk/request.hpp>

#include <cstddef>
#include <cstdint>
#include <deque>
#include <string>

#include "datadog/tally.hpp"

namespace csiem::datadog {

// Lives as long as the exporter; the host forgets its timers and requests before the exporter ends, and with them the
// counts that were not sent yet. One thread.
class Metrics {
 public:
  struct Where {
    std::string url;      // of series v2
    std::string api_key;  // handle
    bool gzip = true;
  };
  Metrics(const Host& host, Where where, SeriesRules rules);
  Metrics(const Metrics&) = delete;
  Metrics& operator=(const Metrics&) = delete;

  // An event that the logs intake has acknowledged. Those of before the last hour are left out: their time is no longer
  // taken, and counted now they would look like an attack of today.
  void delivered(const csiem_event& event, int64_t now_unix_ns);

 private:
  void arm();
  void tick();
  void send_next();
  void answered(const csiem_http_response& response);
  void drop_oldest(const char* why);

  Host host_;
  Where where_;
  Tally tally_;
  uint32_t interval_ms_;
  std::deque<Tally::Payload> queue_;  // oldest first; the first is under way when sending_
  std::size_t queued_bytes_ = 0;
  int64_t not_before_ns_ = 0;  // monotonic
  bool armed_ = false, sending_ = false;
  std::string complained_;  // the code of the last warning
  Request request_;
};

}  // namespace csiem::datadog
