// The queue of metrics.
// SPDX-License-Identifier: Apache-2.0
#include "datadog/metrics.hpp"

#include <utility>

#include "common/text.hpp"

namespace csiem::datadog {
namespace {

constexpr int64_t kSecond = 1'000'000'000;
// The intake takes points of the last hour. What is older than this when it is tried again is not worth a request.
constexpr int64_t kOldestPoint_s = 55 * 60;
constexpr std::size_t kMaxQueuedBytes = 2 * 1024 * 1024;
constexpr uint32_t kMaxAnswer = 16 * 1024;

bool comes_again(const csiem_http_response& response) noexcept {
  return response.transport != CSIEM_TRANSPORT_OK || response.status == 401 || response.status == 403 ||
         response.status == 408 || response.status == 429 || response.status >= 500;
}

}  // namespace

Metrics::Metrics(const Host& host, Where where, SeriesRules rules)
    : host_(host),
      where_(std::move(where)),
      tally_(rules),
      interval_ms_(static_cast<uint32_t>(rules.interval_s * 1000)) {}

void Metrics::delivered(const csiem_event& event, int64_t now_unix_ns) {
  if (event.time_unix_ns < now_unix_ns - 3600 * kSecond) return;
  tally_.count(event);
  arm();
}

void Metrics::arm() {
  if (armed_) return;
  armed_ = host_.timer(
               interval_ms_,
               [](void* self) noexcept {
                 guard(nullptr, [&] {
                   static_cast<Metrics*>(self)->tick();
                   return CSIEM_OK;
                 });
               },
               this, nullptr) == CSIEM_OK;
}

void Metrics::tick() {
  armed_ = false;
  const int64_t now_s = host_.unix_ns() / kSecond;
  if (!tally_.empty()) {
    queue_.push_back(tally_.take(now_s));
    queued_bytes_ += queue_.back().body.size();
  }
  if (!sending_) {
    while (!queue_.empty() && queue_.front().time_s < now_s - kOldestPoint_s) drop_oldest("too_old");
    while (queue_.size() > 1 && queued_bytes_ > kMaxQueuedBytes) drop_oldest("queue_full");
    send_next();
  }
  if (!queue_.empty() && !sending_) arm();
}

void Metrics::drop_oldest(const char* why) {
  host_.count("metric_points_dropped", queue_.front().points);
  if (complained_ != why)
    host_.log(CSIEM_LOG_WARN, "metrics are dropped; logs are not affected", {{"reason", why}, {"url", where_.url}});
  complained_ = why;
  queued_bytes_ -= queue_.front().body.size();
  queue_.pop_front();
}

void Metrics::send_next() {
  if (queue_.empty() || host_.mono_ns() < not_before_ns_) return;
  request_.clear();
  request_.url = where_.url;
  request_.flags = where_.gzip ? static_cast<uint32_t>(CSIEM_HTTP_GZIP) : 0u;
  request_.max_response_bytes = kMaxAnswer;
  request_.header("Content-Type", "application/json");
  request_.header("DD-API-KEY", "", where_.api_key);
  request_.add(std::string_view(queue_.front().body));
  uint64_t id = 0;
  csiem_error error{};
  sending_ = request_.send(
                 host_,
                 [](void* self, const csiem_http_response* response) noexcept {
                   guard(nullptr, [&] {
                     static_cast<Metrics*>(self)->answered(*response);
                     return CSIEM_OK;
                   });
                 },
                 this, &id, &error) == CSIEM_OK;
}

void Metrics::answered(const csiem_http_response& response) {
  sending_ = false;
  if (queue_.empty()) return;
  if (comes_again(response)) {
    not_before_ns_ = host_.mono_ns() + int64_t{response.retry_after_ms} * 1'000'000;
    host_.count("metric_requests_failed");
    return arm();
  }
  if (response.transport == CSIEM_TRANSPORT_OK && response.status >= 200 && response.status < 300) {
    host_.count("metric_points_sent", queue_.front().points);
    complained_.clear();
    queued_bytes_ -= queue_.front().body.size();
    queue_.pop_front();
  } else {
    drop_oldest(("http." + std::to_string(response.status)).c_str());
  }
  send_next();
  if (!queue_.empty() && !sending_) arm();
}

}  // namespace csiem::datadog
