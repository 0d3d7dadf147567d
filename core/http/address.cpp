#include "http/address.hpp"

#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>

#include <array>

namespace csiem::http {
namespace {

bool is_link_local_v4(const unsigned char* ip) { return ip[0] == 169 && ip[1] == 254; }

}  // namespace

bool is_link_local(const sockaddr* address) {
  if (address->sa_family == AF_INET) {
    sockaddr_in v4;
    memcpy(&v4, address, sizeof v4);
    std::array<unsigned char, 4> ip;
    memcpy(ip.data(), &v4.sin_addr, ip.size());
    return is_link_local_v4(ip.data());
  }
  if (address->sa_family != AF_INET6) return false;
  static constexpr std::array<unsigned char, 16> kMetadata = {0xfd, 0, 0x0e, 0xc2, 0, 0, 0,    0,
                                                              0,    0, 0,    0,    0, 0, 0x02, 0x54};
  static constexpr std::array<unsigned char, 12> kMapped = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};
  sockaddr_in6 v6;
  memcpy(&v6, address, sizeof v6);
  std::array<unsigned char, 16> ip;
  memcpy(ip.data(), &v6.sin6_addr, ip.size());
  if (ip[0] == 0xfe && (ip[1] & 0xc0) == 0x80) return true;
  if (memcmp(ip.data(), kMapped.data(), kMapped.size()) == 0) return is_link_local_v4(ip.data() + kMapped.size());
  return ip == kMetadata;
}

}  // namespace csiem::http
