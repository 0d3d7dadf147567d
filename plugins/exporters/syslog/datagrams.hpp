// One UDP receiver. What it does with the messages nobody learns, except that it is not there.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "syslog/resolve.hpp"

namespace csiem::syslog {

// One thread.
class Datagrams {
 public:
  explicit Datagrams(Endpoint endpoint) : endpoint_(std::move(endpoint)) {}

  // Resolves the name, anew after a minute, and binds a socket to the first address. Sends nothing.
  std::optional<Failure> open(Resolver& resolver, Waiter& waiter, Deadline deadline);
  // Sends one message. `refused` is raised by one for each ICMP answer to an earlier one.
  std::optional<Failure> send(std::string_view message, uint64_t* refused);

 private:
  Endpoint endpoint_;
  Socket socket_;
  Deadline resolve_again_{};
};

}  // namespace csiem::syslog
