// The members of a JSON object as they stand in its text, in one pass without a parser.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <string_view>

namespace csiem::common {

namespace detail {

class MemberReader {
 public:
  explicit MemberReader(std::string_view text) noexcept : text_(text) {}

  template <class F>
  bool read(F&& member) {
    if (!take('{')) return false;
    if (take('}')) return at_end();
    do {
      skip_blanks();
      std::string_view key = string();
      if (key.empty()) return false;
      key = key.substr(1, key.size() - 2);
      if (!take(':')) return false;
      skip_blanks();
      const std::string_view value = this->value();
      if (value.empty()) return false;
      member(key, value);
    } while (take(','));
    return take('}') && at_end();
  }

 private:
  void skip_blanks() noexcept {
    while (at_ < text_.size() && (text_[at_] == ' ' || text_[at_] == '\t' || text_[at_] == '\n' || text_[at_] == '\r'))
      ++at_;
  }
  bool take(char c) noexcept {
    skip_blanks();
    if (at_ >= text_.size() || text_[at_] != c) return false;
    ++at_;
    return true;
  }
  bool at_end() noexcept {
    skip_blanks();
    return at_ == text_.size();
  }
  // With its quotes; empty when there is none or it does not end.
  std::string_view string() noexcept {
    if (at_ >= text_.size() || text_[at_] != '"') return {};
    const std::size_t begin = at_++;
    for (; at_ < text_.size(); ++at_) {
      if (text_[at_] == '\\')
        ++at_;
      else if (text_[at_] == '"')
        return text_.substr(begin, ++at_ - begin);
    }
    return {};
  }
  std::string_view value() noexcept {
    if (at_ >= text_.size()) return {};
    if (text_[at_] == '"') return string();
    const std::size_t begin = at_;
    if (text_[at_] == '{' || text_[at_] == '[') {
      for (std::size_t depth = 0; at_ < text_.size();) {
        const char c = text_[at_];
        if (c == '"') {
          if (string().empty()) return {};
          continue;
        }
        ++at_;
        if (c == '{' || c == '[') ++depth;
        if ((c == '}' || c == ']') && --depth == 0) return text_.substr(begin, at_ - begin);
      }
      return {};
    }
    constexpr std::string_view kEnd = ",}] \t\r\n";
    while (at_ < text_.size() && kEnd.find(text_[at_]) == std::string_view::npos) ++at_;
    return text_.substr(begin, at_ - begin);
  }

  std::string_view text_;
  std::size_t at_ = 0;
};

}  // namespace detail

// Calls member(key, value) for each member at the top of the object, in order: the key as it stands between its quotes,
// the value as it stands. Views into `json`. False, possibly after some members, when the text is not one whole object.
// It finds where values end and leaves their inside unchecked: for texts that a format wrote.
template <class F>
bool for_each_member(std::string_view json, F&& member) {
  return detail::MemberReader(json).read(static_cast<F&&>(member));
}

// The content of a value that is a string without escapes, else empty.
inline std::string_view plain_string(std::string_view value) noexcept {
  if (value.size() < 2 || value.front() != '"' || value.find('\\') != std::string_view::npos) return {};
  return value.substr(1, value.size() - 2);
}

}  // namespace csiem::common
