#include "event/shell_words.hpp"

#include <initializer_list>

#include "event/words.hpp"

namespace csiem::event {
namespace {

constexpr std::size_t kNowhere = std::string_view::npos;

bool is_word(char c) noexcept {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
         static_cast<unsigned char>(c) >= 0x80;
}

bool starts_folded(std::string_view text, std::string_view needle) noexcept {
  if (text.size() < needle.size()) return false;
  for (std::size_t i = 0; i < needle.size(); ++i)
    if (to_lower(text[i]) != needle[i]) return false;
  return true;
}

std::size_t find_folded(std::string_view text, std::string_view needle, std::size_t from) noexcept {
  if (needle.empty()) return from;
  for (std::size_t i = from; i + needle.size() <= text.size(); ++i)
    if (to_lower(text[i]) == needle[0] && starts_folded(text.substr(i), needle)) return i;
  return kNowhere;
}

bool word_starts_at(std::string_view text, std::size_t i) noexcept { return i == 0 || !is_word(text[i - 1]); }
bool word_ends_at(std::string_view text, std::size_t i) noexcept { return i >= text.size() || !is_word(text[i]); }

std::size_t skip_spaces(std::string_view text, std::size_t i) noexcept {
  while (i < text.size() && is_space(text[i])) ++i;
  return i;
}

// Calls `found(end of the word)` for every place where `word` starts a word; stops when it says true.
template <class Found>
bool any_word(std::string_view text, std::string_view word, const Found& found) noexcept {
  for (std::size_t i = find_folded(text, word, 0); i != kNowhere; i = find_folded(text, word, i + 1))
    if (word_starts_at(text, i) && found(i + word.size())) return true;
  return false;
}

// One of `words`, whole, stands at `i`.
bool one_of(std::string_view text, std::size_t i, std::initializer_list<std::string_view> words) noexcept {
  for (const std::string_view word : words)
    if (starts_folded(text.substr(i), word) && word_ends_at(text, i + word.size())) return true;
  return false;
}

// The first `|` at or after `from` leads into one of `words`.
bool next_pipe_leads_to(std::string_view text, std::size_t from,
                        std::initializer_list<std::string_view> words) noexcept {
  const std::size_t pipe = text.find('|', from);
  return pipe != kNowhere && one_of(text, skip_spaces(text, pipe + 1), words);
}

// Blanks from `i` on, at least one, then one of `texts`.
bool then(std::string_view text, std::size_t i, std::initializer_list<std::string_view> texts) noexcept {
  const std::size_t at = skip_spaces(text, i);
  if (at == i) return false;
  for (const std::string_view t : texts)
    if (starts_folded(text.substr(at), t)) return true;
  return false;
}

}  // namespace

bool contains_folded(std::string_view text, std::string_view needle) noexcept {
  return find_folded(text, needle, 0) != kNowhere;
}

bool destroys_data(std::string_view command) noexcept {
  const bool removes = any_word(command, "rm", [&](std::size_t end) {
    if (!then(command, end, {"-"})) return false;
    for (std::size_t i = skip_spaces(command, end) + 1; i < command.size(); ++i) {
      const char c = to_lower(command[i]);
      if (c < 'a' || c > 'z') return false;
      if (c == 'r') return true;
    }
    return false;
  });
  return removes || any_word(command, "dd", [&](std::size_t end) { return then(command, end, {"if=/dev/"}); });
}

bool pipes_download_to_shell(std::string_view command) noexcept {
  const auto into_shell = [&](std::size_t end) {
    return word_ends_at(command, end) && next_pipe_leads_to(command, end, {"sh", "bash", "zsh"});
  };
  return any_word(command, "curl", into_shell) || any_word(command, "wget", into_shell);
}

bool pipes_data_out(std::string_view command) noexcept {
  for (std::size_t i = find_folded(command, "base64", 0); i != kNowhere; i = find_folded(command, "base64", i + 1))
    if (next_pipe_leads_to(command, i, {"nc", "curl", "wget"})) return true;
  for (std::size_t pipe = command.find('|'); pipe != kNowhere; pipe = command.find('|', pipe + 1))
    if (one_of(command, skip_spaces(command, pipe + 1), {"nc"})) return true;
  return false;
}

bool opens_permissions(std::string_view command) noexcept {
  return any_word(command, "chmod", [&](std::size_t end) { return then(command, end, {"777", "a+rwx"}); });
}

}  // namespace csiem::event
