// csiem/json.hpp - appending JSON to a csiem_writer without a DOM and without an allocation of its own. C++17.
// SPDX-License-Identifier: Apache-2.0
#ifndef CSIEM_JSON_HPP
#define CSIEM_JSON_HPP

#include <csiem/plugin.h>

#include <charconv>
#include <cstdint>
#include <cstring>
#include <string_view>

#if defined(__SSE2__)
#include <emmintrin.h>
#endif

namespace csiem {

inline std::string_view view(csiem_str s) noexcept { return {s.ptr, s.ptr == nullptr ? 0 : s.len}; }
inline csiem_str str(std::string_view s) noexcept { return {s.data() == nullptr ? "" : s.data(), s.size()}; }
inline bool present(csiem_str s) noexcept { return s.ptr != nullptr; }

// Bytes into a writer. Once the writer could not grow, everything further is ignored and ok() is false.
// Borrows the writer for its own life.
class Out {
 public:
  explicit Out(csiem_writer& w) noexcept : w_(w) {}
  Out(const Out&) = delete;
  Out& operator=(const Out&) = delete;

  bool ok() const noexcept { return ok_; }

  void byte(char c) noexcept {
    if (!reserve(1)) return;
    *w_.cur++ = static_cast<uint8_t>(c);
  }
  void raw(std::string_view s) noexcept {
    if (s.empty() || !reserve(s.size())) return;
    std::memcpy(w_.cur, s.data(), s.size());
    w_.cur += s.size();
  }
  template <class Integer>
  void integer(Integer v) noexcept {
    if (!reserve(24)) return;
    char* at = reinterpret_cast<char*>(w_.cur);
    w_.cur += std::to_chars(at, at + 24, v).ptr - at;
  }
  void boolean(bool v) noexcept { raw(v ? std::string_view("true") : std::string_view("false")); }

  // `s` as JSON string content, without the quotes. `s` must be valid UTF-8.
  void escaped(std::string_view s) noexcept {
    if (reserve(escaped_room(s))) w_.cur = escape(s, w_.cur);
  }
  // A quoted JSON string.
  void string(std::string_view s) noexcept {
    if (!reserve(escaped_room(s) + 2)) return;
    uint8_t* o = w_.cur;
    *o++ = '"';
    o = escape(s, o);
    *o++ = '"';
    w_.cur = o;
  }
  // `"k":`, after a comma when `comma`. `k` is written as given.
  void member(std::string_view k, bool comma) noexcept {
    if (!reserve(k.size() + 4)) return;
    uint8_t* o = w_.cur;
    if (comma) *o++ = ',';
    *o++ = '"';
    std::memcpy(o, k.data(), k.size());
    o += k.size();
    *o++ = '"';
    *o++ = ':';
    w_.cur = o;
  }

 private:
  // Every byte may become six; wide stores may go sixteen beyond.
  static std::size_t escaped_room(std::string_view s) noexcept { return s.size() * 6 + 16; }

  static uint8_t* escape(std::string_view s, uint8_t* o) noexcept {
    const char* p = s.data();
    const char* const end = p + s.size();
    while (p != end) {
#if defined(__SSE2__)
      // Sixteen bytes at once as long as none of them needs an escape. Stores past the clean part are overwritten.
      while (end - p >= 16) {
        const __m128i v = _mm_loadu_si128(reinterpret_cast<const __m128i*>(p));
        const int mask = needs_escape(v);
        _mm_storeu_si128(reinterpret_cast<__m128i*>(o), v);
        if (mask == 0) {
          p += 16;
          o += 16;
          continue;
        }
        const int clean = __builtin_ctz(static_cast<unsigned>(mask));
        p += clean;
        o += clean;
        break;
      }
      // The rest, when it is clean: two words that may overlap.
      const std::size_t rest = static_cast<std::size_t>(end - p);
      if (rest >= 8 && rest < 16 && copy_clean<uint64_t>(p, o, rest)) return o + rest;
      if (rest >= 4 && rest < 8 && copy_clean<uint32_t>(p, o, rest)) return o + rest;
      if (p == end) break;
#endif
      o = escape_one(static_cast<unsigned char>(*p++), o);
    }
    return o;
  }
#if defined(__SSE2__)
  static int needs_escape(__m128i v) noexcept {
    const __m128i quote = _mm_cmpeq_epi8(v, _mm_set1_epi8('"'));
    const __m128i slash = _mm_cmpeq_epi8(v, _mm_set1_epi8('\\'));
    const __m128i control = _mm_cmpeq_epi8(_mm_max_epu8(v, _mm_set1_epi8(0x1f)), _mm_set1_epi8(0x1f));
    return _mm_movemask_epi8(_mm_or_si128(_mm_or_si128(quote, slash), control));
  }
  // Copies `n` bytes, at least one Word and at most two, unless one of them needs an escape.
  template <class Word>
  static bool copy_clean(const char* p, uint8_t* o, std::size_t n) noexcept {
    Word head, tail;
    std::memcpy(&head, p, sizeof head);
    std::memcpy(&tail, p + n - sizeof tail, sizeof tail);
    const __m128i both = _mm_set_epi64x(static_cast<int64_t>(widened(tail)), static_cast<int64_t>(widened(head)));
    if (needs_escape(both) != 0) return false;
    std::memcpy(o, &head, sizeof head);
    std::memcpy(o + n - sizeof tail, &tail, sizeof tail);
    return true;
  }
  static uint64_t widened(uint64_t word) noexcept { return word; }
  static uint64_t widened(uint32_t word) noexcept { return word | (uint64_t{word} << 32); }
#endif

  static uint8_t* escape_one(unsigned char c, uint8_t* o) noexcept {
    if (c >= 0x20 && c != '"' && c != '\\') {
      *o++ = c;
      return o;
    }
    static constexpr char kHex[] = "0123456789abcdef";
    *o++ = '\\';
    switch (c) {
      case '"':
        *o++ = '"';
        break;
      case '\\':
        *o++ = '\\';
        break;
      case '\n':
        *o++ = 'n';
        break;
      case '\r':
        *o++ = 'r';
        break;
      case '\t':
        *o++ = 't';
        break;
      case '\b':
        *o++ = 'b';
        break;
      case '\f':
        *o++ = 'f';
        break;
      default:
        *o++ = 'u';
        *o++ = '0';
        *o++ = '0';
        *o++ = static_cast<uint8_t>(kHex[c >> 4]);
        *o++ = static_cast<uint8_t>(kHex[c & 15]);
    }
    return o;
  }
  bool reserve(std::size_t n) noexcept {
    if (static_cast<std::size_t>(w_.end - w_.cur) >= n) return ok_;
    if (ok_ && w_.grow(&w_, n) != CSIEM_OK) ok_ = false;
    return ok_;
  }

  csiem_writer& w_;
  bool ok_ = true;
};

// Objects and arrays with the commas in the right places. Keys are written as given: they must not need escapes
// unless key_escaped() is used.
//
//   Json j(out);
//   j.open();  j.text("name", event.guard);  j.open("decision");  j.boolean("allowed", true);  j.close();  j.close();
class Json {
 public:
  explicit Json(Out& out) noexcept : out_(out) {}

  void open() noexcept { begin('{'); }
  void open(std::string_view k) noexcept {
    key(k);
    start('{');
  }
  void close() noexcept {
    out_.byte('}');
    comma_ = true;
  }
  void open_array() noexcept { begin('['); }
  void open_array(std::string_view k) noexcept {
    key(k);
    start('[');
  }
  void close_array() noexcept {
    out_.byte(']');
    comma_ = true;
  }

  void key(std::string_view k) noexcept {
    out_.member(k, comma_);
    comma_ = false;
  }
  void key_escaped(std::string_view k) noexcept {
    separate();
    out_.string(k);
    out_.byte(':');
    comma_ = false;
  }

  // Members; text() leaves the member out when the value is absent.
  void text(std::string_view k, csiem_str v) noexcept {
    if (present(v)) text(k, view(v));
  }
  void text(std::string_view k, std::string_view v) noexcept {
    key(k);
    value(v);
  }
  template <class Integer>
  void integer(std::string_view k, Integer v) noexcept {
    key(k);
    out_.integer(v);
    comma_ = true;
  }
  void boolean(std::string_view k, bool v) noexcept {
    key(k);
    out_.boolean(v);
    comma_ = true;
  }
  // `v` is JSON already.
  void raw(std::string_view k, std::string_view v) noexcept {
    key(k);
    out_.raw(v);
    comma_ = true;
  }

  // Array elements.
  void value(std::string_view v) noexcept {
    separate();
    out_.string(v);
    comma_ = true;
  }
  void raw_value(std::string_view v) noexcept {
    separate();
    out_.raw(v);
    comma_ = true;
  }

 private:
  void begin(char c) noexcept {
    separate();
    start(c);
  }
  void start(char c) noexcept {
    out_.byte(c);
    comma_ = false;
  }
  void separate() noexcept {
    if (comma_) out_.byte(',');
  }

  Out& out_;
  bool comma_ = false;
};

}  // namespace csiem

#endif
