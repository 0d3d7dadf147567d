// Names into addresses, without being held up by a name server that does not answer.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <sys/socket.h>

#include <future>
#include <optional>
#include <string>
#include <vector>

#include "syslog/endpoint.hpp"
#include "syslog/failure.hpp"
#include "syslog/waiter.hpp"

namespace csiem::syslog {

struct Address {
  sockaddr_storage storage{};
  socklen_t length = 0;
  const sockaddr* get() const noexcept { return reinterpret_cast<const sockaddr*>(&storage); }
  int family() const noexcept { return storage.ss_family; }
};

// One look-up at a time, by getaddrinfo() on a thread of its own. The destructor waits for one that is under way.
class Resolver {
 public:
  // In the order in which they are to be tried. Link-local addresses, where clouds keep the credentials of their
  // machines, are left out.
  std::optional<Failure> resolve(const Endpoint& endpoint, Waiter& waiter, Deadline deadline,
                                 std::vector<Address>& out);

 private:
  struct Answer {
    int error = 0;
    std::vector<Address> addresses;
  };
  static Answer look_up(const std::string& host, uint16_t port, bool datagrams, bool numeric);

  std::future<Answer> under_way_;
  std::string name_;  // whose look-up that is
};

}  // namespace csiem::syslog
