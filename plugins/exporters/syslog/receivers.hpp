// The stream receivers of one exporter: which one gets the next messages, what is sent again when one goes away.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <csiem/sdk/host.hpp>

#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "common/endpoints.hpp"
#include "syslog/messages.hpp"
#include "syslog/stream.hpp"

namespace csiem::syslog {

struct StreamSettings {
  std::vector<Endpoint> endpoints;
  common::Spread spread = common::Spread::failover;
  TlsSettings tls;
  std::optional<Framing> framing;  // nothing: octet counting, but lines for RFC 3164 over plain TCP
  bool rfc3164 = false;
  bool resend = true;
  std::size_t resend_window = 100;  // messages
  // Of one attempt to write a batch, what is to be sent again included.
  std::chrono::milliseconds timeout{30'000};
};

// One thread, except for what Waiter allows.
class Receivers {
 public:
  Receivers(StreamSettings settings, Host host, Waiter& waiter);

  // Offers the messages to one receiver after the other. Appends to `unsent` the positions of those that no receiver
  // has acknowledged; the failure is that of the last receiver.
  std::optional<Failure> send(const Messages& messages, std::vector<std::size_t>& unsent);
  // Notices connections that ended meanwhile and sends again what may have been lost with them.
  void tend();
  // Connects and sends nothing. True of the first receiver that can be reached.
  std::optional<Failure> probe();
  void close() noexcept;

 private:
  struct Receiver {
    Stream stream;
    std::deque<std::string> window;  // the last messages that the receiver's kernel acknowledged
    bool proven = false;             // it has taken messages on this connection
  };

  std::optional<Failure> connect(std::size_t i, Deadline deadline);
  std::optional<Failure> send_lost(std::size_t i, Deadline enough, Deadline deadline);
  std::optional<Failure> send_pending(std::size_t i, const Messages& messages, std::vector<std::size_t>& pending,
                                      Deadline deadline);
  std::optional<Failure> settle(std::size_t i, Deadline deadline);
  void lost(std::size_t i, const Failure& failure);
  void remember(Receiver& receiver, std::string_view message);
  Framing framing_of(const Endpoint& endpoint) const noexcept;

  StreamSettings settings_;
  Host host_;
  Waiter& waiter_;
  Resolver resolver_;
  common::Endpoints order_;
  std::vector<std::unique_ptr<Receiver>> receivers_;
  std::deque<std::string> lost_;  // acknowledged on connections that ended badly; to be sent again
  std::string frames_;
  std::vector<uint64_t> ends_;
};

}  // namespace csiem::syslog
