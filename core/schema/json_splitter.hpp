// The members of JSON objects and arrays, one level at a time. Private to this room.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string_view>
#include <vector>

namespace csiem::schema {

struct Member {
  std::string_view key, value;  // as they stand, the key without quotes
};

// Reads JSON text that a format wrote. What does not parse reads as nothing.
class Splitter {
 public:
  explicit Splitter(std::string_view text) : text_(text) {}

  // The members of the object, or the elements of the array (without keys).
  bool split(std::vector<Member>& out) {
    out.clear();
    if (text_.size() < 2) return false;
    const char open = text_[0], close = open == '{' ? '}' : ']';
    if ((open != '{' && open != '[') || text_.back() != close) return false;
    at_ = 1;
    while (at_ < text_.size() - 1) {
      Member member;
      if (open == '{') {
        const std::size_t begin = at_;
        if (!string()) return false;
        member.key = text_.substr(begin + 1, at_ - begin - 2);
        if (at_ >= text_.size() || text_[at_++] != ':') return false;
      }
      const std::size_t begin = at_;
      if (!value()) return false;
      member.value = text_.substr(begin, at_ - begin);
      out.push_back(member);
      if (at_ < text_.size() - 1 && text_[at_++] != ',') return false;
    }
    return true;
  }

 private:
  bool string() {
    if (at_ >= text_.size() || text_[at_] != '"') return false;
    for (++at_; at_ < text_.size(); ++at_) {
      if (text_[at_] == '\\') {
        ++at_;
      } else if (text_[at_] == '"') {
        ++at_;
        return true;
      }
    }
    return false;
  }
  bool value() {
    int depth = 0;
    do {
      if (at_ >= text_.size()) return false;
      const char c = text_[at_];
      if (c == '"') {
        if (!string()) return false;
        continue;
      }
      if (c == '{' || c == '[') ++depth;
      if (c == '}' || c == ']') {
        if (depth == 0) return true;  // the end of what holds a bare word
        --depth;
      }
      if (c == ',' && depth == 0) return true;
      ++at_;
    } while (depth > 0 || (at_ < text_.size() && text_[at_] != ',' && text_[at_] != '}' && text_[at_] != ']'));
    return true;
  }

  std::string_view text_;
  std::size_t at_ = 0;
};

}  // namespace csiem::schema
