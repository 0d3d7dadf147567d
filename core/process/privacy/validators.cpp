#include "process/privacy/validators.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdint>

namespace csiem::process::validators {
namespace {

bool digit(char c) { return c >= '0' && c <= '9'; }
bool word(char c) { return digit(c) || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || c == '_'; }
bool ends_word(std::string_view text, std::size_t end) { return end >= text.size() || !word(text[end]); }

double entropy_bits(std::string_view text) {
  std::array<uint32_t, 256> seen{};
  for (const char c : text) ++seen[static_cast<unsigned char>(c)];
  double bits = 0;
  for (const uint32_t n : seen)
    if (n != 0) {
      const double share = n / static_cast<double>(text.size());
      bits -= share * std::log2(share);
    }
  return bits;
}

// The value of a base64url character, or -1.
int sextet(char c) {
  if (c >= 'A' && c <= 'Z') return c - 'A';
  if (c >= 'a' && c <= 'z') return c - 'a' + 26;
  if (digit(c)) return c - '0' + 52;
  return c == '-' ? 62 : c == '_' ? 63 : -1;
}

bool luhn(std::string_view text) {
  unsigned sum = 0;
  bool twice = false;
  for (std::size_t i = text.size(); i-- > 0;) {
    if (!digit(text[i])) continue;
    unsigned value = static_cast<unsigned>(text[i] - '0') * (twice ? 2 : 1);
    if (value > 9) value -= 9;
    sum += value;
    twice = !twice;
  }
  return sum % 10 == 0;
}

// The first digits that issuers use, with the lengths that they give their numbers.
bool known_issuer(std::string_view text, std::size_t digits) {
  std::array<char, 2> front{};
  std::size_t n = 0;
  for (const char c : text)
    if (digit(c) && n < front.size()) front[n++] = c;
  switch (front[0]) {
    case '3':
      if (front[1] == '4' || front[1] == '7') return digits == 15;
      if (front[1] == '5') return digits >= 15;
      return (front[1] == '0' || front[1] == '6' || front[1] == '8' || front[1] == '9') && digits >= 14;
    case '4':
      return digits == 13 || digits == 16 || digits == 19;
    case '5':
      return digits >= 13 && (digits == 16 || front[1] == '0' || front[1] >= '6');
    default:
      return digits >= 13;
  }
}

unsigned remainder_97(std::string_view text) {
  unsigned rest = 0;
  const auto take = [&](char c) {
    if (c == ' ') return;
    const auto value = static_cast<unsigned>(digit(c) ? c - '0' : c - 'A' + 10);
    rest = (rest * (value > 9 ? 100 : 10) + value) % 97;
  };
  for (const char c : text.substr(4)) take(c);
  for (const char c : text.substr(0, 4)) take(c);
  return rest;
}

}  // namespace

std::size_t whole(std::string_view, std::size_t, std::size_t end) { return end; }

std::size_t to_end_of_key(std::string_view text, std::size_t, std::size_t end) {
  constexpr std::string_view kEnd = "-----END ";
  const std::size_t last_line = text.find(kEnd, end);
  if (last_line == std::string_view::npos) return text.size();
  const std::size_t dashes = text.find("-----", last_line + kEnd.size());
  return dashes == std::string_view::npos ? text.size() : dashes + 5;
}

std::size_t random_looking(std::string_view text, std::size_t begin, std::size_t end) {
  return entropy_bits(text.substr(begin, end - begin)) >= 3.5 ? end : 0;
}

std::size_t signed_token(std::string_view text, std::size_t begin, std::size_t end) {
  const std::string_view header = text.substr(begin, text.find('.', begin) - begin);
  constexpr std::string_view kWanted = "\"alg\"";
  std::size_t fitting = 0;  // characters of kWanted that the decoded text ends with
  uint32_t bits = 0;
  int held = 0;
  for (const char c : header) {
    const int value = sextet(c);
    if (value < 0) return 0;
    bits = (bits << 6 | static_cast<uint32_t>(value)) & 0xffff;
    held += 6;
    if (held < 8) continue;
    held -= 8;
    const char decoded = static_cast<char>(bits >> held & 0xff);
    fitting = decoded == kWanted[fitting] ? fitting + 1 : decoded == kWanted[0] ? 1 : 0;
    if (fitting == kWanted.size()) return end;
  }
  return 0;
}

std::size_t no_placeholder(std::string_view text, std::size_t begin, std::size_t end) {
  const std::string_view value = text.substr(begin, end - begin);
  if (value.front() == '<' && value.back() == '>') return 0;
  if (value.starts_with("${") && value.back() == '}') return 0;
  const char first = value.front();
  if ((first == 'x' || first == 'X' || first == '*') && value.find_first_not_of(first) == std::string_view::npos)
    return 0;
  return value == "changeme" || value == "CHANGEME" ? 0 : end;
}

std::size_t card_number(std::string_view text, std::size_t begin, std::size_t end) {
  std::size_t digits = 0;
  for (std::size_t i = begin; i < end; ++i) digits += digit(text[i]);
  for (; digits >= 13; --end) {
    if (!digit(text[end - 1])) continue;
    const std::string_view number = text.substr(begin, end - begin);
    if (ends_word(text, end) && known_issuer(number, digits) && luhn(number)) return end;
    --digits;
  }
  return 0;
}

std::size_t account_number(std::string_view text, std::size_t begin, std::size_t end) {
  std::size_t length = 0;
  for (std::size_t i = begin; i < end; ++i) length += text[i] != ' ';
  for (; length >= 15; --end) {
    if (text[end - 1] == ' ') continue;
    if (length <= 34 && ends_word(text, end) && remainder_97(text.substr(begin, end - begin)) == 1) return end;
    --length;
  }
  return 0;
}

std::size_t social_security_number(std::string_view text, std::size_t begin, std::size_t end) {
  const std::string_view area = text.substr(begin, 3);
  if (area == "000" || area == "666") return 0;
  return text.substr(begin + 4, 2) == "00" || text.substr(begin + 7, 4) == "0000" ? 0 : end;
}

}  // namespace csiem::process::validators
