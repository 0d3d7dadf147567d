// What an action does to its object, told from its words (schemas.md 3.6).
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string_view>

namespace csiem::formats {

// In order of precedence: the first of them that any word means wins.
enum class Verb { read, create, remove, write, none };

namespace detail {

constexpr uint64_t packed(std::string_view word) noexcept {
  uint64_t out = 0;
  for (const char c : word) out = (out << 8) | static_cast<unsigned char>(c);
  return out;
}

struct VerbWord {
  uint64_t word;  // at most eight letters
  Verb verb;
};
inline constexpr VerbWord kVerbWords[] = {
    {packed("read"), Verb::read},     {packed("access"), Verb::read},   {packed("open"), Verb::read},
    {packed("get"), Verb::read},      {packed("list"), Verb::read},     {packed("create"), Verb::create},
    {packed("add"), Verb::create},    {packed("new"), Verb::create},    {packed("delete"), Verb::remove},
    {packed("remove"), Verb::remove}, {packed("unlink"), Verb::remove}, {packed("write"), Verb::write},
    {packed("patch"), Verb::write},   {packed("update"), Verb::write},  {packed("edit"), Verb::write},
    {packed("modify"), Verb::write},  {packed("append"), Verb::write},
};

inline Verb verb_of_word(uint64_t word) noexcept {
  for (const VerbWord& known : kVerbWords)
    if (known.word == word) return known.verb;
  return Verb::none;
}

}  // namespace detail

inline Verb verb_of(std::string_view action) noexcept {
  Verb best = Verb::none;
  uint64_t word = 0;
  std::size_t length = 0;
  for (std::size_t i = 0; i <= action.size(); ++i) {
    const char c = i < action.size() ? action[i] : ' ';
    const bool upper = c >= 'A' && c <= 'Z';
    if (upper || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9')) {
      word = (word << 8) | static_cast<unsigned char>(upper ? c + ('a' - 'A') : c);
      ++length;
      continue;
    }
    if (length >= 3 && length <= 6) {
      const Verb verb = detail::verb_of_word(word);
      if (verb < best) best = verb;
    }
    word = 0;
    length = 0;
  }
  return best;
}

}  // namespace csiem::formats
