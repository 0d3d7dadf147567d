// Small questions about text that several exporters ask.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace csiem::common {

// At most `limit` bytes of `text`, never cutting a UTF-8 sequence in two.
inline std::string_view clip(std::string_view text, std::size_t limit) noexcept {
  if (text.size() <= limit) return text;
  std::size_t end = limit;
  while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xC0u) == 0x80u) --end;
  return text.substr(0, end);
}

// A control character of ASCII.
inline bool is_control(char c) noexcept { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; }

inline char lower(char c) noexcept { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }

inline bool same_ignoring_case(std::string_view a, std::string_view b) noexcept {
  if (a.size() != b.size()) return false;
  for (std::size_t i = 0; i < a.size(); ++i)
    if (lower(a[i]) != lower(b[i])) return false;
  return true;
}

// Whether one encoded event of this type may stand where a JSON value may: application/json, application/x+json …
inline bool is_json_type(std::string_view content_type) noexcept {
  const std::string_view type = content_type.substr(0, content_type.find(';'));
  return type.find("json") != std::string_view::npos;
}

inline std::string_view trimmed(std::string_view text) noexcept {
  constexpr std::string_view kBlank = " \t\r\n";
  const auto first = text.find_first_not_of(kBlank);
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(kBlank) - first + 1);
}

// The first bytes of an answer, for an error message, in one line of printable text. What is not UTF-8 is the host's
// to repair.
inline std::string excerpt(std::string_view body, std::size_t limit = 300) {
  std::string out(clip(trimmed(body), limit));
  for (char& c : out)
    if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f) c = ' ';
  return out;
}

// An HTML page where an API was expected: a proxy's login page, a wrong port.
inline bool looks_like_html(std::string_view body) noexcept {
  const std::string_view text = trimmed(body.substr(0, 256));
  return !text.empty() && text.front() == '<';
}

struct UrlParts {
  std::string_view scheme, host;  // host without brackets, user and port
  std::string_view path;          // from the first '/' after the authority; empty when there is none
  bool ok = false;
};

// Only as much of a URL as the settings checks need; the host parses it properly before it connects.
inline UrlParts url_parts(std::string_view url) noexcept {
  UrlParts parts;
  const auto colon = url.find("://");
  if (colon == std::string_view::npos || colon == 0) return parts;
  parts.scheme = url.substr(0, colon);
  std::string_view rest = url.substr(colon + 3);
  const auto end = rest.find_first_of("/?#");
  std::string_view authority = rest.substr(0, end);
  if (end != std::string_view::npos) parts.path = rest.substr(end);
  if (const auto at = authority.rfind('@'); at != std::string_view::npos) authority.remove_prefix(at + 1);
  if (!authority.empty() && authority.front() == '[') {
    const auto close = authority.find(']');
    if (close == std::string_view::npos) return parts;
    parts.host = authority.substr(1, close - 1);
  } else {
    parts.host = authority.substr(0, authority.find(':'));
  }
  parts.ok = !parts.host.empty();
  return parts;
}

inline bool is_plain_http(const UrlParts& url) noexcept { return same_ignoring_case(url.scheme, "http"); }

inline bool is_loopback(const UrlParts& url) noexcept {
  return same_ignoring_case(url.host, "localhost") || url.host.substr(0, 4) == "127." || url.host == "::1";
}

}  // namespace csiem::common
