#include "event/attack_overrides.hpp"

#include <algorithm>

#include "event/shell_words.hpp"
#include "event/words.hpp"

namespace csiem::event {
namespace {

constexpr std::size_t kWords = 4;  // guard, resource, tactic, technique

struct Word {
  std::string_view text;
  std::size_t at;  // byte in its line
};

std::vector<Word> words_of(std::string_view line) {
  std::vector<Word> out;
  for (std::size_t at = 0; at < line.size();) {
    const std::size_t begin = line.find_first_not_of(" \t\r", at);
    if (begin == std::string_view::npos || line[begin] == '#') break;
    at = std::min(line.find_first_of(" \t\r", begin), line.size());
    out.push_back({line.substr(begin, at - begin), begin});
  }
  return out;
}

uint32_t code_points(std::string_view text) {
  return static_cast<uint32_t>(
      std::count_if(text.begin(), text.end(), [](char c) { return (static_cast<unsigned char>(c) & 0xc0) != 0x80; }));
}

// `text` is the mark and then digits in the shape: "T0000.000".
bool has_shape(std::string_view text, std::string_view shape) {
  return text.size() == shape.size() && std::equal(text.begin(), text.end(), shape.begin(), [](char c, char s) {
           return s == '0' ? c >= '0' && c <= '9' : c == s;
         });
}
bool is_tactic(std::string_view id) { return has_shape(id, "TA0000"); }
bool is_technique(std::string_view id) { return has_shape(id, "T0000") || has_shape(id, "T0000.000"); }

// What is wrong with these words; none is their number when all is well.
struct Wrong {
  std::size_t word;
  std::string what, hint;
};

std::optional<Wrong> wrong_in(const std::vector<Word>& words) {
  if (words.size() != kWords)
    return Wrong{words.size() > kWords ? kWords : words.size() - 1,
                 "a row has four words, this one " + std::to_string(words.size()),
                 "guard, resource, tactic, technique"};
  if (Folded(words[0].text).view().empty()) return Wrong{0, "a guard's name has at most 64 bytes", ""};
  const std::string_view resource = words[1].text, tactic = words[2].text, technique = words[3].text;
  if (resource != "any" && !resource_type(resource))
    return Wrong{1, "there is no resource type '" + std::string(resource) + "'",
                 "any, file, network, process, tool or configuration"};
  if (tactic == "-" && technique == "-") return std::nullopt;
  if (!is_tactic(tactic)) {
    const std::string_view named = tactic_id(tactic);
    return Wrong{
        2, "'" + std::string(tactic) + "' is no tactic id",
        named.empty() ? "TA and four digits: TA0006" : "'" + std::string(tactic) + "' is " + std::string(named)};
  }
  if (!is_technique(technique))
    return Wrong{3, "'" + std::string(technique) + "' is no technique id", "T1552, T1552.001, or - - for none"};
  return std::nullopt;
}

}  // namespace

AttackOverrides AttackOverrides::parse(std::string_view text, std::vector<Problem>& problems) {
  AttackOverrides out;
  for (uint32_t number = 1; !text.empty(); ++number) {
    const std::size_t end = std::min(text.find('\n'), text.size());
    const std::string_view line = text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
    const auto words = words_of(line);
    if (words.empty()) continue;
    const auto complain = [&](std::size_t word, std::string what, std::string hint) {
      const Word& at = words[word];
      problems.push_back(
          {number, code_points(line.substr(0, at.at)) + 1, code_points(at.text), std::move(what), std::move(hint)});
    };
    if (auto wrong = wrong_in(words)) {
      complain(wrong->word, std::move(wrong->what), std::move(wrong->hint));
      continue;
    }
    Row row;
    row.guard = Folded(words[0].text).view();
    row.known = guard_class(words[0].text);
    if (words[1].text != "any") row.resource = resource_type(words[1].text);
    if (words[2].text != "-") {
      row.tactic = words[2].text;
      row.technique = words[3].text;
    }
    const bool again = std::any_of(out.rows_.begin(), out.rows_.end(), [&](const Row& other) {
      return other.resource == row.resource &&
             (row.known == GuardClass::other ? other.guard == row.guard : other.known == row.known);
    });
    if (again) {
      complain(0, "guard '" + row.guard + "' has a row for this resource already", "remove one of them");
    } else {
      out.rows_.push_back(std::move(row));
    }
  }
  return out;
}

const AttackOverrides::Row* AttackOverrides::find(GuardClass known, std::string_view guard,
                                                  ResourceType resource) const noexcept {
  guard = trim(guard);
  for (const Row& row : rows_) {
    if (row.resource && *row.resource != resource) continue;
    if (row.known != GuardClass::other ? row.known == known
                                       : row.guard.size() == guard.size() && contains_folded(guard, row.guard))
      return &row;
  }
  return nullptr;
}

}  // namespace csiem::event
