// Reading JSON text once, from left to right, without a tree: for checks that must keep up with the lanes. Private to
// this room.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#if defined(__SSE2__)
#include <emmintrin.h>
#endif

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "schema/utf8.hpp"

namespace csiem::schema {

// Reads the compact JSON that formats write; whatever is legal but unusual (blanks between tokens, escapes other than
// \u00XX and the short ones, exponents) makes a read fail, and the caller asks somebody more thorough.
class QuickJson {
 public:
  struct Text {
    std::string_view raw;  // between the quotes
    bool plain;            // no escapes: the raw text is the text
  };

  explicit QuickJson(std::string_view text) : at_(text.data()), end_(text.data() + text.size()) {}

  bool at_end() const noexcept { return at_ == end_; }
  char peek() const noexcept { return at_ == end_ ? '\0' : *at_; }
  bool take(char c) noexcept {
    if (peek() != c) return false;
    ++at_;
    return true;
  }
  bool word(std::string_view w) noexcept {
    if (static_cast<std::size_t>(end_ - at_) < w.size() || std::string_view(at_, w.size()) != w) return false;
    at_ += w.size();
    return true;
  }

  // Valid UTF-8 in quotes.
  bool string(Text& out) noexcept {
    if (!take('"')) return false;
    const char* const begin = at_;
    bool plain = true;
    for (;;) {
      skip_plain();
      if (at_ == end_) return false;
      const auto c = static_cast<unsigned char>(*at_);
      if (c == '"') break;
      if (c < 0x20) return false;
      if (c >= 0x80) {
        if (!code_point()) return false;
      } else if (c == '\\') {
        plain = false;
        if (!escape()) return false;
      } else {
        ++at_;
      }
    }
    out = {{begin, static_cast<std::size_t>(at_ - begin)}, plain};
    ++at_;
    return true;
  }

  // Digits with a sign, at most eighteen.
  bool integer(int64_t& out) noexcept {
    const bool negative = take('-');
    const char* const begin = at_;
    int64_t value = 0;
    while (at_ != end_ && *at_ >= '0' && *at_ <= '9' && at_ - begin < 19) value = value * 10 + (*at_++ - '0');
    const auto digits = at_ - begin;
    if (digits == 0 || digits > 18 || (digits > 1 && *begin == '0') || peek() == '.' || peek() == 'e' || peek() == 'E')
      return false;
    out = negative ? -value : value;
    return !(negative && value == 0);  // which some readers take for a fraction
  }

  // Any value whose objects have usable, unrepeated keys. `room`: containers that may still open.
  bool anything(int room) noexcept {
    switch (peek()) {
      case '"': {
        Text text;
        return string(text);
      }
      case '{':
        return room > 0 && object(room - 1);
      case '[':
        return room > 0 && array(room - 1);
      case 't':
        return word("true");
      case 'f':
        return word("false");
      case 'n':
        return word("null");
      default:
        return number();
    }
  }

  // Stands on the brace.
  bool object(int room) noexcept {
    std::array<std::string_view, 24> keys;
    std::size_t count = 0;
    ++at_;
    if (take('}')) return true;
    do {
      Text key;
      if (count == keys.size() || !string(key) || !key.plain || key.raw.empty() || !usable(key.raw)) return false;
      for (std::size_t i = 0; i < count; ++i)
        if (keys[i] == key.raw) return false;
      keys[count++] = key.raw;
      if (!take(':') || !anything(room)) return false;
    } while (take(','));
    return take('}');
  }

 private:
  static bool usable(std::string_view key) noexcept {
    const char c = key.front();
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == '$' ||
           c == '@';
  }

  bool array(int room) noexcept {
    ++at_;
    if (take(']')) return true;
    do {
      if (!anything(room)) return false;
    } while (take(','));
    return take(']');
  }

  bool number() noexcept {
    take('-');
    const char* const begin = at_;
    while (at_ != end_ && *at_ >= '0' && *at_ <= '9') ++at_;
    if (at_ == begin || at_ - begin > 18 || (*begin == '0' && at_ - begin > 1)) return false;
    if (take('.')) {
      const char* const fraction = at_;
      while (at_ != end_ && *at_ >= '0' && *at_ <= '9') ++at_;
      if (at_ == fraction || at_ - fraction > 18) return false;
    }
    return peek() != 'e' && peek() != 'E';
  }

  // To the next byte that needs a look.
  void skip_plain() noexcept {
#if defined(__SSE2__)
    while (end_ - at_ >= 16) {
      const __m128i v = _mm_loadu_si128(reinterpret_cast<const __m128i*>(at_));
      const __m128i quote = _mm_cmpeq_epi8(v, _mm_set1_epi8('"')), slash = _mm_cmpeq_epi8(v, _mm_set1_epi8('\\'));
      // Signed: bytes from 0x80 on are below 0x20 as well.
      const __m128i low = _mm_cmplt_epi8(v, _mm_set1_epi8(0x20));
      const int mask = _mm_movemask_epi8(_mm_or_si128(_mm_or_si128(quote, slash), low));
      if (mask != 0) {
        at_ += __builtin_ctz(static_cast<unsigned>(mask));
        return;
      }
      at_ += 16;
    }
#endif
    while (at_ != end_ && *at_ != '"' && *at_ != '\\' && static_cast<unsigned char>(*at_) >= 0x20 &&
           static_cast<unsigned char>(*at_) < 0x80)
      ++at_;
  }

  bool escape() noexcept {
    if (end_ - at_ < 2) return false;
    switch (at_[1]) {
      case '"':
      case '\\':
      case '/':
      case 'b':
      case 'f':
      case 'n':
      case 'r':
      case 't':
        at_ += 2;
        return true;
      case 'u':
        if (end_ - at_ < 6 || at_[2] != '0' || at_[3] != '0' || !hex(at_[4]) || !hex(at_[5])) return false;
        at_ += 6;
        return true;
      default:
        return false;
    }
  }
  static bool hex(char c) noexcept {
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
  }

  bool code_point() noexcept {
    const std::size_t bytes = code_point_bytes(at_, end_);
    at_ += bytes;
    return bytes != 0;
  }

  const char* at_;
  const char* const end_;
};

}  // namespace csiem::schema
