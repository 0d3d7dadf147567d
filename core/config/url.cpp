#include "config/url.hpp"

#include <arpa/inet.h>

#include <algorithm>
#include <charconv>

namespace csiem::config {
namespace {

std::string lower(std::string_view text) {
  std::string out(text);
  std::transform(out.begin(), out.end(), out.begin(),
                 [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; });
  return out;
}

bool is_ipv6(const std::string& text) {
  in6_addr address;
  return inet_pton(AF_INET6, text.c_str(), &address) == 1;
}

bool is_host_name(std::string_view host) {
  return !host.empty() && host.size() <= 253 && std::all_of(host.begin(), host.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '.' || c == '_';
  });
}

}  // namespace

bool UrlOrigin::loopback() const {
  in_addr v4;
  if (inet_pton(AF_INET, host.c_str(), &v4) == 1) return (ntohl(v4.s_addr) >> 24) == 127;
  return host == "localhost" || host.ends_with(".localhost") || host == "[::1]";
}

std::optional<UrlOrigin> parse_origin(std::string_view url, std::string* problem) {
  const auto fail = [&](const char* why) {
    *problem = why;
    return std::nullopt;
  };
  if (url.empty()) return fail("the URL is empty");
  if (!std::all_of(url.begin(), url.end(), [](char c) { return c > 0x20 && c < 0x7f; }))
    return fail("a URL holds no blanks, control or non-ASCII characters");
  const auto colon = url.find("://");
  if (colon == std::string_view::npos) return fail("it is not of the form https://host[:port]");
  UrlOrigin out;
  out.scheme = lower(url.substr(0, colon));
  if (out.scheme != "https" && out.scheme != "http") return fail("it is neither https:// nor http://");
  out.port = out.scheme == "https" ? 443 : 80;

  // A backslash ends the authority for some readers of URLs and not for others: no guessing.
  const auto rest = url.substr(colon + 3);
  const auto authority = rest.substr(0, rest.find_first_of("/?#"));
  if (authority.find('\\') != std::string_view::npos) return fail("its host is not valid");
  if (authority.find('@') != std::string_view::npos)
    return fail("user name or password in a URL is not allowed; use a credential");
  const auto bracket = authority.starts_with('[') ? authority.find(']') : std::string_view::npos;
  const auto port_colon = authority.find(':', bracket == std::string_view::npos ? 0 : bracket);
  out.host = lower(authority.substr(0, port_colon));
  const bool literal = bracket != std::string_view::npos;
  if (literal ? bracket + 1 != out.host.size() || !is_ipv6(out.host.substr(1, bracket - 1)) : !is_host_name(out.host))
    return fail("its host is not valid");
  if (port_colon == std::string_view::npos) return out;
  const auto digits = authority.substr(port_colon + 1);
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), out.port);
  if (error != std::errc() || end != digits.data() + digits.size() || out.port == 0 || out.port > 65535)
    return fail("its port is not a number from 1 to 65535");
  return out;
}

std::optional<std::string> site_name(std::string_view text) {
  const auto cut = [&](std::string_view characters) {
    while (!text.empty() && characters.find(text.front()) != std::string_view::npos) text.remove_prefix(1);
    while (!text.empty() && characters.find(text.back()) != std::string_view::npos) text.remove_suffix(1);
  };
  cut(" \t");
  if (const auto scheme = text.find("://"); scheme != std::string_view::npos) text.remove_prefix(scheme + 3);
  if (text.ends_with('/')) text.remove_suffix(1);
  cut(" \t.");
  std::string site = lower(text);
  if (site.starts_with("app.")) site.erase(0, 4);
  const bool dotted = site.find('.') != std::string::npos && site.find("..") == std::string::npos;
  if (!dotted || site.front() == '.' || site.find('_') != std::string::npos || !is_host_name(site)) return std::nullopt;
  return site;
}

}  // namespace csiem::config
