// A syslog receiver: UDP and TCP, or UDP and TLS, on one port.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "server.hpp"

namespace csiem::doubles {

struct SyslogRules {
  // How messages on TCP and TLS must be told apart: "octet", "lf", or "auto", which looks at the first byte of a
  // connection. A connection that breaks the rule is closed, as syslog-ng does.
  std::string framing = "auto";
  std::size_t max_message_bytes = 65536;
};

// Faults count messages: reset-before and reset-after reset the connection, truncate closes it orderly behind the
// message, slow waits before it reads on, hang never reads on.
class SyslogServer {
 public:
  SyslogServer(boost::asio::io_context& loop, ServerOptions options, SyslogRules rules, FaultPlan& faults,
               Recorder& recorder, std::function<void()> after_message);
  ~SyslogServer();
  bool start(std::string* problem);
  uint16_t port() const;

  struct Impl;

 private:
  std::shared_ptr<Impl> impl_;
};

}  // namespace csiem::doubles
