// Answers that mean the same to every exporter.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <csiem/sdk/host.hpp>

#include <string>
#include <string_view>

#include "common/text.hpp"

namespace csiem::common {

// No answer came. Retried whether or not the request may have been processed: losing an event is worse than sending it
// twice.
inline Verdict no_answer(const csiem_http_response& response) {
  static constexpr std::string_view kClass[] = {"ok", "dns", "connect", "tls", "timeout", "reset", "cancelled"};
  const bool known = response.transport >= 0 && response.transport <= CSIEM_TRANSPORT_CANCELLED;
  return Verdict::of(CSIEM_RETRY, "transport." + std::string(known ? kClass[response.transport] : "unknown"),
                     excerpt(view(response.body)), response.retry_after_ms);
}

// A verdict about the whole request by its status, with the beginning of the answer as explanation.
inline Verdict by_status(int32_t outcome, const csiem_http_response& response, std::string_view why = {}) {
  std::string message(why);
  if (const std::string body = excerpt(view(response.body)); !body.empty() && !looks_like_html(body)) {
    if (!message.empty()) message += ": ";
    message += body;
  }
  return Verdict::of(outcome, "http." + std::to_string(response.status), std::move(message), response.retry_after_ms);
}

inline std::string_view header_of(const csiem_http_response& response, std::string_view lower_case_name) noexcept {
  for (uint32_t i = 0; i < response.header_count; ++i)
    if (view(response.headers[i].key) == lower_case_name) return view(response.headers[i].value);
  return {};
}

}  // namespace csiem::common
