#include <cstddef>
#include <cstdint>
#include <optional>

#include "process/expression_literals.hpp"

namespace csiem::process {
namespace {

// The character at `at`, which moves behind it. Bytes that are no UTF-8 count as one character each.
uint32_t take(std::string_view text, std::size_t& at) {
  const auto lead = static_cast<unsigned char>(text[at++]);
  const unsigned more = lead >= 0xf0 ? 3 : lead >= 0xe0 ? 2 : lead >= 0xc0 ? 1 : 0;
  uint32_t code = more == 0 ? lead : lead & (0x3fU >> more);
  for (unsigned i = 0; i < more; ++i) {
    if (at >= text.size() || (static_cast<unsigned char>(text[at]) & 0xc0) != 0x80) return code;
    code = (code << 6) | (static_cast<unsigned char>(text[at++]) & 0x3f);
  }
  return code;
}

// A set that starts behind '['. Nothing when it is not closed: then '[' stands for itself.
struct SetMatch {
  bool hit;
  std::size_t end;  // behind ']'
};
std::optional<SetMatch> match_set(std::string_view pattern, std::size_t at, uint32_t c) {
  bool negated = false;
  if (at < pattern.size() && (pattern[at] == '!' || pattern[at] == '^')) {
    negated = true;
    ++at;
  }
  bool hit = false;
  for (bool first = true; at < pattern.size(); first = false) {
    if (pattern[at] == ']' && !first) return SetMatch{hit != negated, at + 1};
    if (pattern[at] == '\\' && at + 1 < pattern.size()) ++at;
    const uint32_t low = take(pattern, at);
    uint32_t high = low;
    if (at + 1 < pattern.size() && pattern[at] == '-' && pattern[at + 1] != ']') {
      ++at;
      if (pattern[at] == '\\' && at + 1 < pattern.size()) ++at;
      high = take(pattern, at);
    }
    hit = hit || (low <= c && c <= high);
  }
  return std::nullopt;
}

// One pattern element other than '*' against one character; both positions move on a match.
bool match_one(std::string_view pattern, std::size_t& p, std::string_view text, std::size_t& t) {
  std::size_t text_end = t;
  const uint32_t c = take(text, text_end);
  std::size_t pattern_end = p;
  bool hit = false;
  if (pattern[p] == '?') {
    ++pattern_end;
    hit = true;
  } else if (const auto set = pattern[p] == '[' ? match_set(pattern, p + 1, c) : std::nullopt) {
    pattern_end = set->end;
    hit = set->hit;
  } else {
    if (pattern[p] == '\\' && p + 1 < pattern.size()) ++pattern_end;
    hit = take(pattern, pattern_end) == c;
  }
  if (!hit) return false;
  p = pattern_end;
  t = text_end;
  return true;
}

}  // namespace

// Only the last '*' is ever taken back: an earlier one could not lead to a match that this one does not find.
bool glob_match(std::string_view pattern, std::string_view text) {
  constexpr std::size_t kNone = std::string_view::npos;
  std::size_t p = 0, t = 0, star = kNone, star_text = 0;
  while (t < text.size()) {
    if (p < pattern.size() && pattern[p] == '*') {
      star = ++p;
      star_text = t;
    } else if (p < pattern.size() && match_one(pattern, p, text, t)) {
      continue;
    } else if (star != kNone) {
      p = star;
      take(text, star_text);
      t = star_text;
    } else {
      return false;
    }
  }
  while (p < pattern.size() && pattern[p] == '*') ++p;
  return p == pattern.size();
}

}  // namespace csiem::process
