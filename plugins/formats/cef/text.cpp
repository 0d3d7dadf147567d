#include "cef/text.hpp"

#include <algorithm>
#include <array>
#include <cstring>

#include "common/characters.hpp"

namespace csiem::cef {
namespace {

constexpr bool is_control(char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; }
constexpr bool is_extension_blank(char c) { return c == ' ' || (is_control(c) && c != '\n' && c != '\r'); }

// A byte that cannot be written as it is. `Mark` is what separates parts: '=' in extensions, '|' in the header.
template <char Mark>
constexpr std::array<bool, 256> make_special() {
  std::array<bool, 256> out{};
  for (unsigned c = 0; c < 256; ++c)
    out[c] = c < 0x20 || c == 0x7f || c == '\\' || c == static_cast<unsigned char>(Mark);
  return out;
}
template <char Mark>
constexpr std::array<bool, 256> kSpecial = make_special<Mark>();

#if defined(__SSE2__)
template <char Mark>
int special_mask(const char* at) noexcept {
  const __m128i v = _mm_loadu_si128(reinterpret_cast<const __m128i*>(at));
  const __m128i control = _mm_cmpeq_epi8(_mm_max_epu8(v, _mm_set1_epi8(0x1f)), _mm_set1_epi8(0x1f));
  const __m128i slash = _mm_cmpeq_epi8(v, _mm_set1_epi8('\\'));
  const __m128i mark = _mm_cmpeq_epi8(v, _mm_set1_epi8(Mark));
  const __m128i del = _mm_cmpeq_epi8(v, _mm_set1_epi8(0x7f));
  return _mm_movemask_epi8(_mm_or_si128(_mm_or_si128(control, slash), _mm_or_si128(mark, del)));
}
#endif

// The first special byte, or the end.
template <char Mark>
const char* next_special(const char* at, const char* end) noexcept {
#if defined(__SSE2__)
  for (; end - at >= 16; at += 16)
    if (const int mask = special_mask<Mark>(at); mask != 0) return at + __builtin_ctz(static_cast<unsigned>(mask));
#endif
  while (at != end && !kSpecial<Mark>[static_cast<unsigned char>(*at)]) ++at;
  return at;
}

// Writes clean runs as they are and hands every special byte to `escape`.
template <char Mark, class Escape>
void write(Out& out, std::string_view text, Escape escape) noexcept {
  const char* at = text.data();
  const char* const end = at + text.size();
  while (at != end) {
    const char* const special = next_special<Mark>(at, end);
    out.raw({at, static_cast<std::size_t>(special - at)});
    if (special == end) return;
    escape(*special);
    at = special + 1;
  }
}

// Bytes of the Unicode space that `text` begins with, or ends with; 0 when it does not.
constexpr std::string_view kWideSpaces[] = {
    "\xc2\x85",     "\xc2\xa0",     "\xe1\x9a\x80", "\xe2\x80\x80", "\xe2\x80\x81", "\xe2\x80\x82", "\xe2\x80\x83",
    "\xe2\x80\x84", "\xe2\x80\x85", "\xe2\x80\x86", "\xe2\x80\x87", "\xe2\x80\x88", "\xe2\x80\x89", "\xe2\x80\x8a",
    "\xe2\x80\xa8", "\xe2\x80\xa9", "\xe2\x80\xaf", "\xe2\x81\x9f", "\xe3\x80\x80"};

std::size_t space_at_front(std::string_view text) noexcept {
  if (text.empty()) return 0;
  if (text.front() == ' ' || is_control(text.front())) return 1;
  if ((static_cast<unsigned char>(text.front()) & 0x80) == 0) return 0;
  for (const std::string_view space : kWideSpaces)
    if (text.substr(0, space.size()) == space) return space.size();
  return 0;
}
std::size_t space_at_back(std::string_view text) noexcept {
  if (text.empty()) return 0;
  if (text.back() == ' ' || is_control(text.back())) return 1;
  if ((static_cast<unsigned char>(text.back()) & 0x80) == 0) return 0;
  for (const std::string_view space : kWideSpaces)
    if (text.size() >= space.size() && text.substr(text.size() - space.size()) == space) return space.size();
  return 0;
}

}  // namespace

std::string_view extension_part(std::string_view text, std::size_t limit) noexcept {
  while (!text.empty() && is_extension_blank(text.front())) text.remove_prefix(1);
  text = formats::first_characters(text, limit);
  while (!text.empty() && is_extension_blank(text.back())) text.remove_suffix(1);
  return text;
}

std::string_view header_part(std::string_view text, std::size_t limit) noexcept {
  while (const std::size_t n = space_at_front(text)) text.remove_prefix(n);
  text = formats::first_characters(text, limit);
  while (const std::size_t n = space_at_back(text)) text.remove_suffix(n);
  return text;
}

void extension_text(Out& out, std::string_view text) noexcept {
  write<'='>(out, text, [&out](char c) {
    switch (c) {
      case '\\':
        return out.raw("\\\\");
      case '=':
        return out.raw("\\=");
      case '\n':
        return out.raw("\\n");
      case '\r':
        return out.raw("\\r");
      default:
        return out.byte(' ');
    }
  });
}

void header_text(Out& out, std::string_view text) noexcept {
  write<'|'>(out, text, [&out](char c) {
    if (is_control(c)) return out.byte(' ');
    out.byte('\\');
    out.byte(c);
  });
}

void extension_json_string(Out& out, std::string_view text) noexcept {
  static constexpr char kHex[] = "0123456789abcdef";
  out.byte('"');
  for (const char c : text) {
    if (c == '"') {
      out.raw(R"(\\")");
    } else if (c == '\\') {
      out.raw(R"(\\\\)");
    } else if (c == '=') {
      out.raw(R"(\=)");
    } else if (is_control(c)) {
      const auto code = static_cast<unsigned char>(c);
      out.raw(R"(\\u00)");
      out.byte(kHex[code >> 4]);
      out.byte(kHex[code & 15]);
    } else {
      out.byte(c);
    }
  }
  out.byte('"');
}

}  // namespace csiem::cef
