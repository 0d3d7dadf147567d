#include "syslog/datagrams.hpp"

#include <sys/socket.h>

#include <cerrno>
#include <cstring>

namespace csiem::syslog {

std::optional<Failure> Datagrams::open(Resolver& resolver, Waiter& waiter, Deadline deadline) {
  if (socket_ && Clock::now() < resolve_again_) return std::nullopt;
  std::vector<Address> addresses;
  if (auto failure = resolver.resolve(endpoint_, waiter, deadline, addresses)) {
    // An address that was good keeps being used while the name server is away.
    if (socket_ && failure->outcome == CSIEM_RETRY) return std::nullopt;
    return failure;
  }
  int error = 0;
  for (const Address& address : addresses) {
    Socket socket(::socket(address.family(), SOCK_DGRAM | SOCK_CLOEXEC, 0));
    // Connected, so that a port where nobody listens is told to us.
    if (socket && ::connect(socket.get(), address.get(), address.length) == 0) {
      socket_ = std::move(socket);
      resolve_again_ = Clock::now() + std::chrono::seconds(60);
      return std::nullopt;
    }
    error = errno;
  }
  return Failure{CSIEM_RETRY, "transport.connect", endpoint_.text + ": " + strerrordesc_np(error)};
}

std::optional<Failure> Datagrams::send(std::string_view message, uint64_t* refused) {
  // An error may be about an earlier message; it is reported once and leaves this one unsent.
  for (int attempt = 0; attempt < 3; ++attempt) {
    if (::send(socket_.get(), message.data(), message.size(), MSG_NOSIGNAL) >= 0) return std::nullopt;
    if (errno == ECONNREFUSED)
      ++*refused;
    else if (errno != EINTR)
      break;
  }
  if (errno == ECONNREFUSED || errno == EINTR) return std::nullopt;
  const int error = errno;
  if (error == EMSGSIZE)
    return Failure{CSIEM_REJECT, "syslog.too_large",
                   endpoint_.text + ": a message of " + std::to_string(message.size()) +
                       " bytes is too large for a datagram on this way"};
  socket_.reset();
  return Failure{CSIEM_RETRY, "transport.connect", endpoint_.text + ": cannot send: " + strerrordesc_np(error)};
}

}  // namespace csiem::syslog
