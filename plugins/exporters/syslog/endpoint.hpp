// Where a receiver listens, as operators write it.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace csiem::syslog {

enum class Transport { udp, tcp, tls };

struct Endpoint {
  Transport transport = Transport::tcp;
  std::string host;  // a name or an address, without brackets
  uint16_t port = 0;
  std::string text;  // "tls://collector1.example:6514", the port always spelled out
};

// "SCHEME://HOST[:PORT]"; the default port is 514 for udp and tcp and 6514 for tls. Throws std::invalid_argument whose
// text begins with `setting`.
Endpoint parse_endpoint(std::string_view text, std::string_view setting);

}  // namespace csiem::syslog
