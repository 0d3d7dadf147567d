#include "http/address.hpp"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>

#include <array>
#include <cstdint>
#include <string>

namespace csiem::http {
namespace {

using V6 = std::array<unsigned char, 16>;

struct Range4 {
  uint32_t network;
  int bits;
  AddressClass is;
};
constexpr uint32_t v4(uint32_t a, uint32_t b, uint32_t c = 0, uint32_t d = 0) { return a << 24 | b << 16 | c << 8 | d; }
constexpr Range4 kRanges[] = {
    {v4(0, 0), 8, AddressClass::unspecified},         {v4(10, 0), 8, AddressClass::private_network},
    {v4(100, 64), 10, AddressClass::private_network}, {v4(127, 0), 8, AddressClass::loopback},
    {v4(169, 254), 16, AddressClass::link_local},     {v4(172, 16), 12, AddressClass::private_network},
    {v4(192, 0, 0), 24, AddressClass::reserved},      {v4(192, 168), 16, AddressClass::private_network},
    {v4(198, 18), 15, AddressClass::private_network}, {v4(224, 0), 4, AddressClass::multicast},
    {v4(240, 0), 4, AddressClass::reserved},
};

AddressClass classify_v4(uint32_t address) {
  for (const Range4& range : kRanges)
    if ((address ^ range.network) >> (32 - range.bits) == 0) return range.is;
  return AddressClass::global;
}

uint32_t v4_at(const V6& ip, std::size_t offset) {
  return v4(ip[offset], ip[offset + 1], ip[offset + 2], ip[offset + 3]);
}

template <std::size_t N>
bool begins(const V6& ip, const std::array<unsigned char, N>& prefix) {
  return memcmp(ip.data(), prefix.data(), N) == 0;
}

AddressClass classify_v6(const V6& ip) {
  constexpr std::array<unsigned char, 12> kMapped = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};
  constexpr std::array<unsigned char, 12> kNat64 = {0, 0x64, 0xff, 0x9b};
  constexpr std::array<unsigned char, 6> kLocalNat64 = {0, 0x64, 0xff, 0x9b, 0, 1};
  constexpr std::array<unsigned char, 12> kCompatible = {};
  constexpr V6 kMetadata = {0xfd, 0, 0x0e, 0xc2, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0x02, 0x54};
  constexpr V6 kLoopback = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1};
  if (ip == V6{}) return AddressClass::unspecified;
  if (ip == kLoopback) return AddressClass::loopback;
  if (ip == kMetadata) return AddressClass::link_local;
  if (ip[0] == 0xff) return AddressClass::multicast;
  if (ip[0] == 0xfe && (ip[1] & 0xc0) == 0x80) return AddressClass::link_local;
  if (ip[0] == 0xfe && (ip[1] & 0xc0) == 0xc0) return AddressClass::private_network;  // site-local, of old
  if ((ip[0] & 0xfe) == 0xfc || begins(ip, kLocalNat64)) return AddressClass::private_network;
  if (begins(ip, kNat64)) return classify_v4(v4_at(ip, 12));
  if (ip[0] == 0x20 && ip[1] == 0x02) return classify_v4(v4_at(ip, 2));  // 6to4
  if (!begins(ip, kMapped) && !begins(ip, kCompatible)) return AddressClass::global;
  const AddressClass inner = classify_v4(v4_at(ip, 12));
  return inner == AddressClass::global ? AddressClass::reserved : inner;
}

}  // namespace

AddressClass class_of(const sockaddr* address) {
  if (address->sa_family == AF_INET) {
    sockaddr_in own;
    memcpy(&own, address, sizeof own);
    return classify_v4(ntohl(own.sin_addr.s_addr));
  }
  if (address->sa_family != AF_INET6) return AddressClass::reserved;
  sockaddr_in6 own;
  memcpy(&own, address, sizeof own);
  V6 ip;
  memcpy(ip.data(), &own.sin6_addr, ip.size());
  return classify_v6(ip);
}

AddressClass class_of(std::string_view numeric) {
  const std::string text(numeric.substr(0, numeric.find('%')));
  in_addr v4_address;
  if (inet_pton(AF_INET, text.c_str(), &v4_address) == 1) return classify_v4(ntohl(v4_address.s_addr));
  V6 ip;
  return inet_pton(AF_INET6, text.c_str(), ip.data()) == 1 ? classify_v6(ip) : AddressClass::reserved;
}

const char* refusal(AddressClass address, Trust trust) {
  if (address == AddressClass::link_local) return "the host resolves to a link-local address, which is never allowed";
  if (trust == Trust::operators || address == AddressClass::global) return nullptr;
  switch (address) {
    case AddressClass::private_network:
    case AddressClass::loopback:
      if (trust == Trust::events_in_private) return nullptr;
      return address == AddressClass::loopback
                 ? "the event chose a host that resolves to this machine, which needs allow_private"
                 : "the event chose a host that resolves to a private network, which needs allow_private";
    default:
      return "the event chose a host that resolves to an address that no receiver has";
  }
}

}  // namespace csiem::http
