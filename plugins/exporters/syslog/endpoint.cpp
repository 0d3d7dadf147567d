#include "syslog/endpoint.hpp"

#include <algorithm>
#include <charconv>
#include <stdexcept>

#include "common/text.hpp"

namespace csiem::syslog {
namespace {

struct Scheme {
  std::string_view name;
  Transport transport;
  uint16_t port;
};
constexpr Scheme kSchemes[] = {
    {"udp", Transport::udp, 514}, {"tcp", Transport::tcp, 514}, {"tls", Transport::tls, 6514}};

bool is_host(std::string_view host) noexcept {
  return !host.empty() && host.size() <= 253 && std::all_of(host.begin(), host.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' || c == '-' ||
           c == '_' || c == ':' || c == '%';
  });
}

}  // namespace

Endpoint parse_endpoint(std::string_view text, std::string_view setting) {
  const auto refuse = [&](const char* why) {
    throw std::invalid_argument(std::string(setting) + ": '" + std::string(text) + "' " + why);
  };
  const auto mark = text.find("://");
  if (mark == std::string_view::npos) refuse("has no scheme; write udp://, tcp:// or tls:// in front of the host");
  const auto* scheme = std::find_if(std::begin(kSchemes), std::end(kSchemes), [&](const Scheme& one) {
    return common::same_ignoring_case(one.name, text.substr(0, mark));
  });
  if (scheme == std::end(kSchemes)) refuse("is not an address of a syslog receiver; use udp://, tcp:// or tls://");
  std::string_view rest = text.substr(mark + 3);
  if (rest.find('@') != std::string_view::npos) refuse("may not hold a user");
  if (rest.find_first_of("/?#") != std::string_view::npos) refuse("may not have a path; write SCHEME://HOST:PORT");

  Endpoint out;
  out.transport = scheme->transport;
  out.port = scheme->port;
  std::string_view port;
  bool has_port = false;
  if (!rest.empty() && rest.front() == '[') {
    const auto close = rest.find(']');
    if (close == std::string_view::npos) refuse("lacks the ']' behind its address");
    out.host = rest.substr(1, close - 1);
    rest.remove_prefix(close + 1);
    if (!rest.empty() && rest.front() != ':') refuse("has text behind its address");
    has_port = !rest.empty();
    port = has_port ? rest.substr(1) : rest;
  } else {
    const auto colon = rest.find(':');
    if (colon != std::string_view::npos && rest.find(':', colon + 1) != std::string_view::npos)
      refuse("holds an IPv6 address without brackets; write SCHEME://[ADDRESS]:PORT");
    out.host = rest.substr(0, colon);
    has_port = colon != std::string_view::npos;
    port = has_port ? rest.substr(colon + 1) : std::string_view();
  }
  if (!is_host(out.host)) refuse("has no usable host");
  if (has_port) {
    const auto [end, error] = std::from_chars(port.data(), port.data() + port.size(), out.port);
    if (error != std::errc() || end != port.data() + port.size() || out.port == 0) refuse("has no usable port");
  }
  const bool brackets = out.host.find(':') != std::string::npos;
  out.text =
      std::string(scheme->name) + "://" + (brackets ? "[" + out.host + "]" : out.host) + ":" + std::to_string(out.port);
  return out;
}

}  // namespace csiem::syslog
