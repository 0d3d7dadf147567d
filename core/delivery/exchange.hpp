// What the host itself saw of the requests that a plugin made for one token.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>

#include "delivery/verdict.hpp"
#include "http/client.hpp"

namespace csiem::delivery {

// A token that a plugin has and has not completed: of a batch (Flight) or of a health check (HealthCall).
struct Exchange {
  uint64_t token = 0;
  uint32_t outlet = 0;
  int64_t sent_ns = 0;
  int64_t quiet_since_ns = 0;  // since then no request of it was on the wire
  uint32_t requests_open = 0, requests_made = 0;

  int status = 0;  // of the newest answer
  http::Transport transport = http::Transport::ok;
  std::string transport_text;
  bool ambiguous = false;
  bool resent = false;         // some request went out twice
  std::size_t torn_bytes = 0;  // size of the body whose connection was lost before any answer; 0: none was
  int64_t retry_after_ms = 0;

  void request_sent() noexcept {
    ++requests_open;
    ++requests_made;
  }
  // Answered or cancelled.
  void request_over(int64_t now_ns) noexcept {
    --requests_open;
    quiet_since_ns = now_ns;
  }
  void answered(const http::Response& response, int64_t now_ns);
};

// Why a destination did not take what it was sent, as the host sees it.
enum class FailureKind { unreachable, tls, timeout, throttled, server };
FailureKind failure_kind(const Exchange& exchange);
// Of messages.def.
int failure_code(FailureKind kind);

// What happened in the vendor's words: "HTTP 403, code 4, \"Invalid token\"".
std::string cause_text(const Exchange& exchange, const Verdict& verdict);

}  // namespace csiem::delivery
