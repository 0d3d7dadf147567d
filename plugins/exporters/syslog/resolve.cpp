#include "syslog/resolve.hpp"

#include <netdb.h>
#include <netinet/in.h>

#include <algorithm>
#include <cstring>
#include <memory>

namespace csiem::syslog {
namespace {

bool is_link_local(const Address& address) noexcept {
  if (address.family() == AF_INET) {
    sockaddr_in v4{};
    std::memcpy(&v4, &address.storage, sizeof v4);
    return (ntohl(v4.sin_addr.s_addr) >> 16) == 0xa9fe;
  }
  sockaddr_in6 v6{};
  std::memcpy(&v6, &address.storage, sizeof v6);
  const uint8_t* bytes = v6.sin6_addr.s6_addr;
  if (IN6_IS_ADDR_V4MAPPED(&v6.sin6_addr)) return bytes[12] == 169 && bytes[13] == 254;
  static constexpr uint8_t kMetadata[16] = {0xfd, 0x00, 0x0e, 0xc2, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0x02, 0x54};
  return IN6_IS_ADDR_LINKLOCAL(&v6.sin6_addr) || std::memcmp(bytes, kMetadata, sizeof kMetadata) == 0;
}

}  // namespace

Resolver::Answer Resolver::look_up(const std::string& host, uint16_t port, bool datagrams, bool numeric) {
  addrinfo hints{};
  hints.ai_family = AF_UNSPEC;
  hints.ai_socktype = datagrams ? SOCK_DGRAM : SOCK_STREAM;
  hints.ai_flags = AI_NUMERICSERV | (numeric ? AI_NUMERICHOST : 0);
  addrinfo* found = nullptr;
  Answer out;
  out.error = ::getaddrinfo(host.c_str(), std::to_string(port).c_str(), &hints, &found);
  const std::unique_ptr<addrinfo, decltype(&::freeaddrinfo)> owned(out.error == 0 ? found : nullptr, &::freeaddrinfo);
  for (const addrinfo* at = owned.get(); at != nullptr; at = at->ai_next) {
    if (at->ai_addrlen > sizeof(sockaddr_storage) || (at->ai_family != AF_INET && at->ai_family != AF_INET6)) continue;
    Address& address = out.addresses.emplace_back();
    std::memcpy(&address.storage, at->ai_addr, at->ai_addrlen);
    address.length = at->ai_addrlen;
  }
  return out;
}

std::optional<Failure> Resolver::resolve(const Endpoint& endpoint, Waiter& waiter, Deadline deadline,
                                         std::vector<Address>& out) {
  const bool datagrams = endpoint.transport == Transport::udp;
  const auto failed = [&](const std::string& why) {
    return Failure{CSIEM_RETRY, "transport.dns", endpoint.text + ": cannot resolve " + endpoint.host + ": " + why};
  };
  Answer answer = look_up(endpoint.host, endpoint.port, datagrams, true);
  if (answer.error == EAI_NONAME) {
    // A look-up that was given up on earlier may be for another name; there is never a second thread.
    if (under_way_.valid() && name_ != endpoint.text) {
      while (under_way_.wait_for(std::chrono::milliseconds(10)) != std::future_status::ready)
        if (waiter.interrupted() || Clock::now() >= deadline) return failed("an earlier look-up has not ended");
      under_way_.get();
    }
    if (!under_way_.valid()) {
      name_ = endpoint.text;
      under_way_ = std::async(std::launch::async, &Resolver::look_up, endpoint.host, endpoint.port, datagrams, false);
    }
    while (under_way_.wait_for(std::chrono::milliseconds(10)) != std::future_status::ready)
      if (waiter.interrupted() || Clock::now() >= deadline) return failed("the name server does not answer");
    answer = under_way_.get();
  }
  if (answer.error != 0) return failed(::gai_strerror(answer.error));
  answer.addresses.erase(std::remove_if(answer.addresses.begin(), answer.addresses.end(), is_link_local),
                         answer.addresses.end());
  if (answer.addresses.empty())
    return Failure{CSIEM_CONFIG, "destination.refused",
                   endpoint.text + ": has link-local addresses only, which are never sent to"};
  out = std::move(answer.addresses);
  return std::nullopt;
}

}  // namespace csiem::syslog
