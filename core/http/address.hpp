// Which addresses a destination may have.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string_view>

struct sockaddr;

namespace csiem::http {

// By where packets to it go. Addresses that hold an IPv4 address (mapped, NAT64, 6to4) are of that one's class, mapped
// ones of a public address `reserved`: nobody needs those.
enum class AddressClass { global, private_network, loopback, link_local, multicast, unspecified, reserved };

// link_local includes fd00:ec2::254, where a cloud hands out the machine's credentials as others do at 169.254.169.254.
AddressClass class_of(const sockaddr* address);
// Of "10.0.0.1" or "fe80::1%eth0"; reserved when it is no address.
AddressClass class_of(std::string_view numeric);

// What a destination is trusted with.
enum class Trust {
  operators,         // spelled in the configuration: anything but link-local
  events,            // chosen by an event: public addresses only
  events_in_private  // the same, with the operator's leave to go to private networks and this machine
};
// Why the address may not be connected to; null when it may.
const char* refusal(AddressClass address, Trust trust);

// Whether `host` (no port, no brackets) is one of these: a name, or "*.name" for every name below it. In lower case.
template <class Patterns>
bool matches_host(const Patterns& patterns, std::string_view host) {
  for (const std::string_view pattern : patterns) {
    if (!pattern.starts_with("*.") ? pattern == host
                                   : host.size() > pattern.size() - 1 && host.ends_with(pattern.substr(1)))
      return true;
  }
  return false;
}

}  // namespace csiem::http
