#include "delivery/exchange.hpp"

#include <string_view>

#include "base/log.hpp"

namespace csiem::delivery {
namespace {

std::string_view word_of(http::Transport transport) {
  switch (transport) {
    case http::Transport::dns:
      return "name not resolved";
    case http::Transport::connect:
      return "no connection";
    case http::Transport::tls:
      return "TLS failed";
    case http::Transport::timeout:
      return "no answer in time";
    case http::Transport::reset:
      return "connection lost";
    case http::Transport::cancelled:
      return "cancelled";
    default:
      return "";
  }
}

}  // namespace

void Exchange::answered(const http::Response& response, int64_t now_ns) {
  request_over(now_ns);
  status = response.status;
  transport = response.transport;
  transport_text = response.error;
  ambiguous = response.ambiguous;
  resent = resent || response.resent;
  const bool torn = response.transport == http::Transport::reset && response.status == 0;
  torn_bytes = torn ? response.wire_bytes : 0;
  retry_after_ms = response.retry_after_ms;
}

FailureKind failure_kind(const Exchange& exchange) {
  switch (exchange.transport) {
    case http::Transport::tls:
      return FailureKind::tls;
    case http::Transport::timeout:
      return FailureKind::timeout;
    case http::Transport::dns:
    case http::Transport::connect:
    case http::Transport::reset:
      return FailureKind::unreachable;
    default:
      return exchange.status == 429 ? FailureKind::throttled : FailureKind::server;
  }
}

int failure_code(FailureKind kind) {
  switch (kind) {
    case FailureKind::tls:
      return 4002;
    case FailureKind::timeout:
      return 4003;
    case FailureKind::throttled:
      return 4020;
    default:
      return 4001;
  }
}

std::string cause_text(const Exchange& exchange, const Verdict& verdict) {
  std::string out;
  const auto add = [&](std::string_view text) {
    if (text.empty()) return;
    if (!out.empty()) out += ", ";
    out += text;
  };
  if (exchange.transport != http::Transport::ok) {
    add(word_of(exchange.transport));
    if (!exchange.transport_text.empty()) out += ": " + log::scrub(exchange.transport_text);
  } else if (exchange.status != 0) {
    add("HTTP " + std::to_string(exchange.status));
  }
  if (!verdict.code.empty()) add("code " + verdict.code);
  if (!verdict.text.empty()) add('"' + verdict.text + '"');
  return out.empty() ? "the plugin says " + std::string(outcome_word(verdict.outcome)) : out;
}

}  // namespace csiem::delivery
