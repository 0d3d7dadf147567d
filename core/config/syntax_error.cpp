#include "config/syntax_error.hpp"

#include <algorithm>
#include <vector>

#include "config/scan.hpp"

namespace csiem::config {
namespace {

bool has(std::string_view text, std::string_view part) { return text.find(part) != std::string_view::npos; }

// The text between the first pair of quotes in `what`.
std::string_view quoted(std::string_view what) {
  const auto open = what.find('\'');
  if (open == std::string_view::npos) return {};
  const auto close = what.find('\'', open + 1);
  return close == std::string_view::npos ? std::string_view() : what.substr(open + 1, close - open - 1);
}

std::string_view last_part(std::string_view dotted) {
  const auto dot = dotted.rfind('.');
  return dot == std::string_view::npos ? dotted : dotted.substr(dot + 1);
}

bool has_part(std::string_view dotted, std::string_view part) {
  while (!dotted.empty()) {
    const auto dot = dotted.find('.');
    if (dotted.substr(0, dot) == part) return true;
    dotted = dot == std::string_view::npos ? std::string_view() : dotted.substr(dot + 1);
  }
  return false;
}

// The key inside of an inline table whose repetition ends at `at`.
Definition repeated_inline(std::string_view text, std::size_t at, std::string_view name) {
  Definition found;
  Scanner scanner(text, offset_of(text, {place_of(text, at).line, 1}));
  Token before;
  for (Token token = scanner.next(); token.kind != Token::Kind::end && token.begin < at; token = scanner.next()) {
    if (token.kind == Token::Kind::mark && token.text == "=" && has_part(before.text, name)) {
      found.key = std::string(before.text);
      found.begin = before.begin;
      found.end = before.end;
    }
    before = token;
  }
  return found;
}

void note_first(const Definition& second, const std::vector<Definition>& all, std::string_view text,
                const std::string& file, Diagnostic& finding) {
  for (const auto& first : all) {
    if (first.begin >= second.begin) return;
    const bool same = first.table == second.table && first.key == second.key;
    const std::string full = first.table.empty() ? first.key : first.table + "." + first.key;
    const bool dotted =
        second.key.empty() && !first.key.empty() && (full == second.table || full.starts_with(second.table + "."));
    if (!same && !dotted) continue;
    const Place place = place_of(text, first.begin);
    finding.notes.push_back("first defined at " + Origin{file, place.line, place.column, 0}.text());
    return;
  }
}

// toml++ reports a repeated key behind its second value: looks for the key itself, and for its first definition.
bool report_repeated(const SyntaxError& error, std::string_view text, const std::string& file, Findings& findings) {
  const auto name = last_part(quoted(error.what));
  std::size_t at = offset_of(text, {error.line, error.column});
  // A repeated header is reported at its bracket, before the key.
  if (has(error.what, "table header")) at = std::min(text.find('\n', at), text.size());
  const auto all = definitions(text);
  Definition second;
  for (const auto& definition : all)
    if (definition.begin <= at) second = definition;
  const bool inline_key = !has_part(second.key.empty() ? second.table : second.key, name);
  if (inline_key) second = repeated_inline(text, at, name);
  if (second.end == 0) return false;
  const std::string shown = second.key.empty() ? "[" + second.table + "]" : second.key;
  const Place place = place_of(text, second.begin);
  const auto width = static_cast<uint32_t>(code_points(text.substr(second.begin, second.end - second.begin)));
  auto& finding = findings.error(1001, {file, place.line, place.column, width}, "'" + shown + "' is defined twice");
  if (!inline_key) note_first(second, all, text, file, finding);
  return true;
}

// The string that is still open at the end of the line of `at`.
std::size_t open_string(std::string_view text, std::size_t at) {
  Scanner scanner(text);
  for (Token token = scanner.next(); token.kind != Token::Kind::end && token.begin <= at; token = scanner.next())
    if (token.kind == Token::Kind::string && !token.closed && token.end >= at) return token.begin;
  return std::string_view::npos;
}

std::string hint_for(std::string_view what, std::string_view line) {
  if (has(what, "could not determine value type")) return "text needs quotes, a flag is true or false";
  if (has(what, "expected '='")) return "TOML writes key = value";
  if (has(what, "expected value")) return "the value is missing";
  if (has(what, "unknown escape sequence")) return "in '…' quotes a backslash means itself";
  if (has(what, "inline table") && has(what, "\\n")) return "an inline table stands on one line; use a [table] instead";
  if (has(what, "expected keys, tables") || has(what, "expected key")) {
    for (const char c : line)
      if (static_cast<unsigned char>(c) >= 0x80) return "put a key with other than A-Z a-z 0-9 _ - in quotes";
  }
  if (has(what, "expected a comment or whitespace")) return "one key = value per line; text needs quotes";
  return {};
}

}  // namespace

void report_syntax_error(const SyntaxError& error, std::string_view text, const std::string& file, Findings& findings) {
  if (has(error.what, "cannot redefine existing") && report_repeated(error, text, file, findings)) return;

  std::string what = error.what;
  constexpr std::string_view kWhile = "Error while parsing ";
  if (what.starts_with(kWhile)) what.erase(0, kWhile.size());
  Origin origin{file, error.line, error.column, 1};
  const std::size_t at = offset_of(text, {error.line, error.column});
  if (const auto opened = open_string(text, at); opened != std::string_view::npos) {
    const Place place = place_of(text, opened);
    findings.error(1001, {file, place.line, place.column, 1}, "not valid TOML: the string that opens here has no end")
        .hint = "opened here";
    return;
  }
  auto& finding = findings.error(1001, origin, "not valid TOML: " + what);
  finding.hint = hint_for(error.what, line_at(text, error.line));
}

}  // namespace csiem::config
