// The few members of the metadata object that schemas have fields for, found in one pass without a parser.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string_view>

namespace csiem::formats {

// Texts at the top level of the object, as they stand between the quotes; those with escapes are left out. Views into
// the metadata.
struct MetadataMembers {
  bool empty = true;  // no text, or an object without members
  std::string_view hostname, mcp_server, url, method, model, provider;
};

namespace detail {

class MetadataReader {
 public:
  explicit MetadataReader(std::string_view json) noexcept : at_(json.data()), end_(json.data() + json.size()) {}

  MetadataMembers read() noexcept {
    int depth = 0;
    while (at_ != end_) {
      switch (*at_) {
        case '{':
        case '[':
          ++depth;
          ++at_;
          break;
        case '}':
        case ']':
          --depth;
          ++at_;
          break;
        case '"': {
          const std::string_view name = text();
          skip_blanks();
          if (depth == 1 && at_ != end_ && *at_ == ':') member(name);
          break;
        }
        default:
          ++at_;
      }
    }
    return found_;
  }

 private:
  void skip_blanks() noexcept {
    while (at_ != end_ && (*at_ == ' ' || *at_ == '\t' || *at_ == '\n' || *at_ == '\r')) ++at_;
  }

  // Stands on a quote; goes behind the closing one. Null when the text has escapes or does not end.
  std::string_view text() noexcept {
    const char* const begin = ++at_;
    bool escaped = false;
    for (; at_ != end_ && *at_ != '"'; ++at_) {
      if (*at_ != '\\') continue;
      escaped = true;
      if (++at_ == end_) return {};
    }
    if (at_ == end_) return {};
    const std::string_view content(begin, static_cast<std::size_t>(at_++ - begin));
    return escaped ? std::string_view() : content;
  }

  // Stands on the colon.
  void member(std::string_view name) noexcept {
    found_.empty = false;
    ++at_;
    std::string_view* const place = place_of(name);
    if (place == nullptr) return;
    skip_blanks();
    if (at_ != end_ && *at_ == '"') *place = text();
  }

  std::string_view* place_of(std::string_view name) noexcept {
    if (name == "hostname") return &found_.hostname;
    if (name == "mcp_server") return &found_.mcp_server;
    if (name == "url") return &found_.url;
    if (name == "method") return &found_.method;
    if (name == "model") return &found_.model;
    if (name == "provider") return &found_.provider;
    return nullptr;
  }

  const char* at_;
  const char* const end_;
  MetadataMembers found_;
};

}  // namespace detail

inline MetadataMembers metadata_members(std::string_view json) noexcept {
  return json.size() <= 2 ? MetadataMembers() : detail::MetadataReader(json).read();
}

}  // namespace csiem::formats
