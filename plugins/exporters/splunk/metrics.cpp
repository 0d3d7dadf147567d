// When metric events go out, and what becomes of what they count.
// SPDX-License-Identifier: Apache-2.0
#include "splunk/metrics.hpp"

#include "splunk/response.hpp"

namespace csiem::splunk {

void Metrics::counted(const Host& host) {
  host_ = &host;
  if (!counting_ && !counts_.empty())
    counting_ = host.timer(settings_.interval_ms, &Metrics::due, this, nullptr) == CSIEM_OK;
}

void Metrics::add(const Host& host, const EventCounts& counts) {
  if (!on()) return;
  counts_.merge(counts);
  counted(host);
}

void Metrics::due(void* user) noexcept {
  auto* self = static_cast<Metrics*>(user);
  self->counting_ = false;
  guard(nullptr, [&] {
    self->report();
    return CSIEM_OK;
  });
}

void Metrics::report() {
  // One at a time: what is on its way may come back.
  if (on_the_way_.empty()) {
    Request request;
    counts_.write(host_->unix_ns(), settings_.index, settings_.source, settings_.machine, request);
    on_the_way_ = std::exchange(counts_, {});
    if (send_(request)) return;
    counts_.merge(std::exchange(on_the_way_, {}));
  }
  counted(*host_);
}

void Metrics::answered(const Host& host, const csiem_http_response& response) {
  const EventCounts sent = std::exchange(on_the_way_, {});
  const Reading reading = read_answer(response, Sent{});
  if (reading.verdict.outcome == CSIEM_DELIVERED) {
    host.count("metrics_sent");
    return;
  }
  host.count("metrics_failed");
  if (reading.verdict.outcome == CSIEM_RETRY && (response.flags & CSIEM_RESPONSE_AMBIGUOUS) == 0) {
    add(host, sent);
    return;
  }
  if (std::exchange(said_refused_, true)) return;
  host.log(CSIEM_LOG_WARN, "the metrics were not taken; the events themselves are not affected",
           {{"index", settings_.index}, {"code", reading.verdict.code}, {"reason", reading.verdict.message}});
}

}  // namespace csiem::splunk
