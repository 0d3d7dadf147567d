// Checks and spellings of HTTP that settings need.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <initializer_list>
#include <stdexcept>
#include <string>
#include <string_view>

#include "common/text.hpp"

namespace csiem::common {

inline bool is_unreserved(char c) noexcept {
  return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '_' ||
         c == '.' || c == '~';
}

// Percent-encodes everything but unreserved characters of RFC 3986 that are not in `also`.
inline std::string percent_encoded(std::string_view text, std::string_view also = {}) {
  static constexpr char kHex[] = "0123456789ABCDEF";
  std::string out;
  for (const char c : text) {
    if (is_unreserved(c) && also.find(c) == std::string_view::npos) {
      out += c;
      continue;
    }
    const auto byte = static_cast<unsigned char>(c);
    out += '%';
    out += kHex[byte >> 4];
    out += kHex[byte & 15u];
  }
  return out;
}

// A token of RFC 9110 section 5.6.2.
inline bool is_token(std::string_view name) noexcept {
  constexpr std::string_view kMarks = "!#$%&'*+-.^_`|~";
  return !name.empty() && std::all_of(name.begin(), name.end(), [&](char c) {
    return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') ||
           kMarks.find(c) != std::string_view::npos;
  });
}

inline bool is_header_value(std::string_view value) noexcept {
  return value.find_first_of(std::string_view("\r\n\0", 3)) == std::string_view::npos;
}

// Throws std::invalid_argument for a header that an operator may not set: malformed, of the connection itself, or one
// of `ours` (lower case), which the exporter writes. `setting` is the key path that the complaint is about.
inline void check_header(std::string_view setting, std::string_view name, std::string_view value,
                         std::initializer_list<std::string_view> ours) {
  const auto refuse = [&](std::string_view why) {
    throw std::invalid_argument(std::string(setting) + ": '" + std::string(name) + "' " + std::string(why));
  };
  if (!is_token(name)) refuse("is not a header name");
  if (!is_header_value(value)) refuse("has a line break or NUL in its value");
  constexpr std::string_view kConnection[] = {"connection", "content-encoding", "content-length",    "expect",
                                              "host",       "keep-alive",       "proxy-connection",  "te",
                                              "trailer",    "upgrade",          "transfer-encoding", "user-agent"};
  const auto is_name = [&](std::string_view other) { return same_ignoring_case(name, other); };
  if (std::any_of(std::begin(kConnection), std::end(kConnection), is_name)) refuse("belongs to the connection");
  if (std::any_of(ours.begin(), ours.end(), is_name)) refuse("is set by the exporter itself");
}

}  // namespace csiem::common
