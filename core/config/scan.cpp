#include "config/scan.hpp"

#include <algorithm>

namespace csiem::config {
namespace {

constexpr std::string_view kMarks = "=,{}[]";
constexpr std::string_view kBlank = " \t\r";

bool is_mark(const Token& token, char c) { return token.kind == Token::Kind::mark && token.text[0] == c; }

}  // namespace

Token Scanner::string_token() {
  const char quote = text_[at_];
  const bool multi = text_.substr(at_, 3) == std::string(3, quote);
  const std::size_t width = multi ? 3 : 1;
  Token token{Token::Kind::string, at_, text_.size(), at_ + width, text_.size(), false, {}};
  std::size_t i = at_ + width;
  for (; i < text_.size(); ++i) {
    if (text_[i] == '\\' && quote == '"') {
      ++i;
    } else if (text_[i] == '\n' && !multi) {
      break;
    } else if (text_[i] == quote && (!multi || text_.substr(i, 3) == std::string(3, quote))) {
      // Up to two quotes may stand right before the closing three.
      if (multi)
        for (int extra = 0; extra < 2 && i + 3 < text_.size() && text_[i + 3] == quote; ++extra) ++i;
      token.closed = true;
      break;
    }
  }
  i = std::min(i, text_.size());
  token.inner_end = std::max(token.inner, i);
  token.end = token.closed ? i + width : i;
  if (token.end < token.inner_end) token.end = token.inner_end;
  token.text = text_.substr(token.begin, token.end - token.begin);
  at_ = token.end;
  return token;
}

Token Scanner::next() {
  while (at_ < text_.size() && kBlank.find(text_[at_]) != std::string_view::npos) ++at_;
  if (at_ >= text_.size()) return Token{Token::Kind::end, text_.size(), text_.size(), 0, 0, true, {}};
  const char c = text_[at_];
  if (c == '"' || c == '\'') return string_token();
  const std::size_t begin = at_;
  Token::Kind kind = Token::Kind::word;
  if (c == '\n') {
    kind = Token::Kind::newline;
    ++at_;
  } else if (c == '#') {
    kind = Token::Kind::comment;
    at_ = std::min(text_.find('\n', at_), text_.size());
  } else if (kMarks.find(c) != std::string_view::npos) {
    kind = Token::Kind::mark;
    ++at_;
  } else {
    at_ = std::min(text_.find_first_of(" \t\r\n#\"'=,{}[]", at_), text_.size());
  }
  return Token{kind, begin, at_, 0, 0, true, text_.substr(begin, at_ - begin)};
}

std::size_t code_points(std::string_view utf8) {
  return static_cast<std::size_t>(
      std::count_if(utf8.begin(), utf8.end(), [](char c) { return (static_cast<unsigned char>(c) & 0xc0) != 0x80; }));
}

Place place_of(std::string_view text, std::size_t offset) {
  const auto before = text.substr(0, offset);
  const auto feed = before.rfind('\n');
  const auto line = std::count(before.begin(), before.end(), '\n') + 1;
  const auto in_line = feed == std::string_view::npos ? before : before.substr(feed + 1);
  return {static_cast<uint32_t>(line), static_cast<uint32_t>(code_points(in_line) + 1)};
}

std::string_view line_at(std::string_view text, uint32_t line) {
  for (; line > 1; --line) {
    const auto feed = text.find('\n');
    if (feed == std::string_view::npos) return {};
    text.remove_prefix(feed + 1);
  }
  text = text.substr(0, text.find('\n'));
  if (!text.empty() && text.back() == '\r') text.remove_suffix(1);
  return text;
}

std::size_t offset_of(std::string_view text, Place place) {
  std::size_t at = 0;
  for (uint32_t line = 1; line < place.line; ++line) {
    const auto feed = text.find('\n', at);
    if (feed == std::string_view::npos) return text.size();
    at = feed + 1;
  }
  for (uint32_t column = 1; at < text.size() && text[at] != '\n'; ++at) {
    if ((static_cast<unsigned char>(text[at]) & 0xc0) == 0x80) continue;
    if (column++ == place.column) break;
  }
  return at;
}

std::size_t offset_in_string(std::string_view text, std::size_t begin, std::size_t offset) {
  const Token token = Scanner(text, begin).next();
  if (token.kind != Token::Kind::string) return begin;
  std::size_t at = token.inner;
  const bool literal = text[begin] == '\'';
  if (token.inner - token.begin == 3 && text.substr(at, 1) == "\n") ++at;
  for (std::size_t decoded = 0; at < token.inner_end;) {
    const char escape = !literal && text[at] == '\\' && at + 1 < token.inner_end ? text[at + 1] : '\0';
    if (escape == '\n' || escape == ' ' || escape == '\t' || escape == '\r') {
      // A line ending backslash swallows all white space behind it.
      at = std::min(text.find_first_not_of(" \t\r\n", at + 1), token.inner_end);
      continue;
    }
    if (decoded >= offset) break;
    if (escape == 'u' || escape == 'U') {
      const std::size_t digits = escape == 'u' ? 4 : 8;
      std::size_t code = 0;
      for (std::size_t i = 0; i < digits && at + 2 + i < token.inner_end; ++i) {
        const char c = text[at + 2 + i];
        code = code * 16 + static_cast<std::size_t>(c <= '9' ? c - '0' : (c | 0x20) - 'a' + 10);
      }
      decoded += code < 0x80 ? 1U : code < 0x800 ? 2U : code < 0x10000 ? 3U : 4U;
      at += 2 + digits;
    } else {
      at += escape == '\0' ? 1 : 2;
      ++decoded;
    }
  }
  return std::min(at, token.inner_end);
}

namespace {

// Reads a dotted key up to the mark behind it. The mark is returned.
Token take_key(Scanner& scanner, Token token, Definition& out) {
  out.begin = token.begin;
  while (token.kind == Token::Kind::word || token.kind == Token::Kind::string) {
    out.key += token.text;
    out.end = token.end;
    token = scanner.next();
  }
  return token;
}

}  // namespace

std::vector<Definition> definitions(std::string_view text) {
  std::vector<Definition> out;
  std::string table;
  Scanner scanner(text);
  int depth = 0;  // inside arrays and inline tables
  bool line_start = true;
  for (Token token = scanner.next(); token.kind != Token::Kind::end; token = scanner.next()) {
    if (token.kind == Token::Kind::newline) {
      line_start = true;
      continue;
    }
    const bool starts = line_start && depth == 0;
    line_start = false;
    if (starts && is_mark(token, '[')) {
      Definition header;
      token = scanner.next();
      const bool list = is_mark(token, '[');
      if (list) token = scanner.next();
      token = take_key(scanner, token, header);
      // Elements of a list of tables are different tables with the same header.
      table = list ? header.key + "#" + std::to_string(header.begin) : header.key;
      if (!list) out.push_back({header.key, "", header.begin, header.end});
      while (is_mark(token, ']')) token = scanner.next();
      if (token.kind == Token::Kind::end) break;
      line_start = token.kind == Token::Kind::newline;
    } else if (starts && (token.kind == Token::Kind::word || token.kind == Token::Kind::string)) {
      Definition key;
      key.table = table;
      token = take_key(scanner, token, key);
      if (is_mark(token, '=')) out.push_back(std::move(key));
      if (token.kind == Token::Kind::end) break;
      line_start = token.kind == Token::Kind::newline;
    } else if (is_mark(token, '[') || is_mark(token, '{')) {
      ++depth;
    } else if ((is_mark(token, ']') || is_mark(token, '}')) && depth > 0) {
      --depth;
    }
  }
  return out;
}

std::optional<std::size_t> too_deep_key(std::string_view text, std::size_t max_parts) {
  Scanner scanner(text);
  std::size_t dots = 0;
  for (Token token = scanner.next(); token.kind != Token::Kind::end; token = scanner.next()) {
    if (token.kind == Token::Kind::mark || token.kind == Token::Kind::newline) dots = 0;
    if (token.kind != Token::Kind::word) continue;
    dots += static_cast<std::size_t>(std::count(token.text.begin(), token.text.end(), '.'));
    if (dots >= max_parts) return token.begin;
  }
  return std::nullopt;
}

}  // namespace csiem::config
