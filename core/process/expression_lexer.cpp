#include "process/expression_lexer.hpp"

#include <charconv>
#include <optional>
#include <utility>

#include "process/expression_literals.hpp"

namespace csiem::process {
namespace {

bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_name_start(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_'; }
bool is_name(char c) { return is_name_start(c) || is_digit(c); }

std::optional<unsigned> four_hex(std::string_view text) {
  if (text.size() < 4) return std::nullopt;
  unsigned value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + 4, value, 16);
  if (error != std::errc{} || end != text.data() + 4) return std::nullopt;
  return value;
}

void append_utf8(std::string& out, unsigned c) {
  if (c < 0x80) {
    out += static_cast<char>(c);
  } else if (c < 0x800) {
    out += static_cast<char>(0xc0 | (c >> 6));
    out += static_cast<char>(0x80 | (c & 63));
  } else {
    out += static_cast<char>(0xe0 | (c >> 12));
    out += static_cast<char>(0x80 | ((c >> 6) & 63));
    out += static_cast<char>(0x80 | (c & 63));
  }
}

}  // namespace

Token Lexer::finish(TokenKind kind, std::size_t from) {
  Token token;
  token.kind = kind;
  token.offset = from;
  token.length = at_ - from;
  token.source = source_.substr(from, at_ - from);
  return token;
}

Token Lexer::bad(std::size_t from, std::size_t length, std::string what) {
  error_ = {from, length == 0 ? 1 : length, std::move(what), {}};
  at_ = source_.size();
  Token token;
  token.kind = TokenKind::bad;
  token.offset = from;
  return token;
}

Token Lexer::next() {
  while (at_ < source_.size() &&
         (source_[at_] == ' ' || source_[at_] == '\t' || source_[at_] == '\n' || source_[at_] == '\r'))
    ++at_;
  if (at_ == source_.size()) return finish(TokenKind::end, at_);
  const std::size_t from = at_;
  const char c = source_[at_];
  if (is_name_start(c)) {
    while (at_ < source_.size() && is_name(source_[at_])) ++at_;
    return finish(TokenKind::name, from);
  }
  if (c == '"' || c == '\'') return text_token(c);
  if (is_digit(c) || (c == '-' && at_ + 1 < source_.size() && is_digit(source_[at_ + 1]))) return number_token();
  return symbol_token();
}

// "..." knows escapes, '...' takes every byte as it is.
Token Lexer::text_token(char quote) {
  const std::size_t from = at_++;
  std::string text;
  while (at_ < source_.size() && source_[at_] != quote) {
    if (quote == '"' && source_[at_] == '\\') {
      const std::size_t escape_at = at_++;
      if (!escape(text)) return bad(escape_at, 2, "unknown escape in a string");
    } else {
      text += source_[at_++];
    }
  }
  if (at_ == source_.size()) return bad(from, source_.size() - from, "string is not closed");
  ++at_;
  Token token = finish(TokenKind::text, from);
  token.text = std::move(text);
  return token;
}

// Stands behind the backslash.
bool Lexer::escape(std::string& out) {
  if (at_ == source_.size()) return false;
  switch (source_[at_++]) {
    case '"':
      out += '"';
      return true;
    case '\\':
      out += '\\';
      return true;
    case 'n':
      out += '\n';
      return true;
    case 'r':
      out += '\r';
      return true;
    case 't':
      out += '\t';
      return true;
    case 'u': {
      const auto code = four_hex(source_.substr(at_));
      if (!code || (*code >= 0xd800 && *code <= 0xdfff)) return false;
      append_utf8(out, *code);
      at_ += 4;
      return true;
    }
    default:
      return false;
  }
}

Token Lexer::number_token() {
  const std::size_t from = at_++;
  bool whole = true;
  while (at_ < source_.size()) {
    const char c = source_[at_];
    const bool exponent_sign = (c == '-' || c == '+') && (source_[at_ - 1] == 'e' || source_[at_ - 1] == 'E') && !whole;
    if (c == '.' || c == 'e' || c == 'E') {
      whole = false;
    } else if (!is_name(c) && !exponent_sign) {
      break;
    }
    ++at_;
  }
  Token token = finish(TokenKind::integer, from);
  const char* const begin = token.source.data();
  const char* const end = begin + token.source.size();
  if (whole) {
    const auto parsed = std::from_chars(begin, end, token.integer);
    if (parsed.ptr == end && parsed.ec == std::errc{}) return token;
    if (const auto duration = parse_duration_ns(token.source)) {
      token.kind = TokenKind::duration;
      token.integer = *duration;
      return token;
    }
  }
  token.kind = TokenKind::real;
  const auto parsed = std::from_chars(begin, end, token.real);
  if (parsed.ptr == end && parsed.ec == std::errc{}) return token;
  return bad(from, token.length, "'" + std::string(token.source) + "' is neither a number nor a duration");
}

Token Lexer::symbol_token() {
  static constexpr std::string_view kSymbols[] = {"==", "!=", "<=", ">=", "&&", "||", "<", ">",
                                                  "!",  "(",  ")",  "[",  "]",  ",",  "."};
  const std::size_t from = at_;
  for (const std::string_view symbol : kSymbols) {
    if (!source_.substr(at_).starts_with(symbol)) continue;
    at_ += symbol.size();
    return finish(TokenKind::symbol, from);
  }
  const char c = source_[at_];
  Token token = bad(from, 1, "unexpected character");
  if (c == '=') error_ = {from, 1, "'=' compares nothing", "=="};
  if (c == '&') error_ = {from, 1, "a single '&' joins nothing", "&&"};
  if (c == '|') error_ = {from, 1, "a single '|' joins nothing", "||"};
  return token;
}

}  // namespace csiem::process
