// Whether a host text is an IP literal.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <arpa/inet.h>

#include <cstring>
#include <string_view>

namespace csiem::formats {

struct Address {
  enum class Kind { name, ipv4, ipv6 };
  Kind kind = Kind::name;
  std::string_view text;  // of an IPv6 literal without its zone id; else as given

  bool is_ip() const noexcept { return kind != Kind::name; }
};

// `text` must outlive the answer.
inline Address parse_address(std::string_view text) noexcept {
  const bool v6 = text.find(':') != std::string_view::npos;
  if (!v6 && (text.empty() || text.back() < '0' || text.back() > '9')) return {Address::Kind::name, text};
  const std::string_view literal = v6 ? text.substr(0, text.find('%')) : text;
  char terminated[INET6_ADDRSTRLEN + 1];
  if (literal.empty() || literal.size() >= sizeof terminated || literal.find('\0') != std::string_view::npos)
    return {Address::Kind::name, text};
  std::memcpy(terminated, literal.data(), literal.size());
  terminated[literal.size()] = '\0';
  unsigned char bytes[16];
  if (inet_pton(v6 ? AF_INET6 : AF_INET, terminated, bytes) != 1) return {Address::Kind::name, text};
  return {v6 ? Address::Kind::ipv6 : Address::Kind::ipv4, literal};
}

}  // namespace csiem::formats
