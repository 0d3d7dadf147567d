#include "plugin/text.hpp"

#include <algorithm>

namespace csiem::plugin {
namespace {

constexpr std::string_view kReplacement = "\xEF\xBF\xBD";

bool lower_or_digit(char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_'; }

// Length of the well-formed UTF-8 sequence at the start of `s`, 0 when there is none. No surrogates, no overlong forms.
std::size_t sequence(std::string_view s) {
  const auto at = [&](std::size_t i) { return static_cast<unsigned char>(s[i]); };
  const unsigned char lead = at(0);
  if (lead < 0x80) return 1;
  const std::size_t n = lead >= 0xF0 ? 4 : lead >= 0xE0 ? 3 : 2;
  if (lead < 0xC2 || lead > 0xF4 || s.size() < n) return 0;
  unsigned char low = 0x80, high = 0xBF;
  if (lead == 0xE0) low = 0xA0;
  if (lead == 0xED) high = 0x9F;
  if (lead == 0xF0) low = 0x90;
  if (lead == 0xF4) high = 0x8F;
  if (at(1) < low || at(1) > high) return 0;
  for (std::size_t i = 2; i < n; ++i)
    if ((at(i) & 0xC0) != 0x80) return 0;
  return n;
}

}  // namespace

std::string clean_text(std::string_view text, std::size_t max_bytes, bool* valid) {
  std::string out;
  bool good = true;
  while (!text.empty()) {
    const std::size_t n = sequence(text);
    std::string_view piece = n == 0 ? kReplacement : text.substr(0, n);
    if (n == 0) good = false;
    if (n == 1 && (static_cast<unsigned char>(text[0]) < 0x20 || text[0] == 0x7F))
      piece = text[0] == '\n' || text[0] == '\t' || text[0] == '\r' ? " " : kReplacement;
    // U+0080..U+009F are control characters too.
    if (n == 2 && text[0] == '\xC2' && static_cast<unsigned char>(text[1]) < 0xA0) piece = kReplacement;
    if (out.size() + piece.size() > max_bytes) break;
    out.append(piece);
    text.remove_prefix(std::max<std::size_t>(n, 1));
  }
  if (valid != nullptr) *valid = good;
  return out;
}

bool metric_name(std::string_view name) noexcept {
  return !name.empty() && name.size() <= 64 && std::all_of(name.begin(), name.end(), lower_or_digit);
}

bool component_name(std::string_view name) noexcept {
  return metric_name(name) && name.size() <= 32 && name[0] >= 'a' && name[0] <= 'z';
}

}  // namespace csiem::plugin
