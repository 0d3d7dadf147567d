#include "process/privacy/unread_line.hpp"

#include <cstdint>
#include <optional>

namespace csiem::process {
namespace {

constexpr std::string_view kUnknown = "\xef\xbf\xbd";

std::optional<uint32_t> hex4(std::string_view text) {
  if (text.size() < 4) return std::nullopt;
  uint32_t value = 0;
  for (const char c : text.substr(0, 4)) {
    const uint32_t digit = c >= '0' && c <= '9'   ? static_cast<uint32_t>(c - '0')
                           : c >= 'a' && c <= 'f' ? static_cast<uint32_t>(c - 'a' + 10)
                           : c >= 'A' && c <= 'F' ? static_cast<uint32_t>(c - 'A' + 10)
                                                  : 16;
    if (digit == 16) return std::nullopt;
    value = value << 4 | digit;
  }
  return value;
}

void append_code_point(uint32_t c, std::string& out) {
  if (c >= 0xd800 && c < 0xe000) {  // half a pair: what it stands for is no secret's part
    out += kUnknown;
  } else if (c < 0x80) {
    out += static_cast<char>(c);
  } else if (c < 0x800) {
    out += static_cast<char>(0xc0 | c >> 6);
    out += static_cast<char>(0x80 | (c & 0x3f));
  } else {
    out += static_cast<char>(0xe0 | c >> 12);
    out += static_cast<char>(0x80 | (c >> 6 & 0x3f));
    out += static_cast<char>(0x80 | (c & 0x3f));
  }
}

// Bytes of the well-formed sequence at the front, 0 when there is none.
std::size_t sequence(std::string_view text) {
  const auto at = [&](std::size_t i) { return static_cast<unsigned char>(text[i]); };
  const unsigned char first = at(0);
  if (first < 0x80) return 1;
  const std::size_t length = first >= 0xc2 && first < 0xe0   ? 2
                             : first >= 0xe0 && first < 0xf0 ? 3
                             : first >= 0xf0 && first < 0xf5 ? 4
                                                             : 0;
  if (length == 0 || text.size() < length) return 0;
  for (std::size_t i = 1; i < length; ++i)
    if ((at(i) & 0xc0) != 0x80) return 0;
  if ((first == 0xe0 && at(1) < 0xa0) || (first == 0xed && at(1) > 0x9f) || (first == 0xf0 && at(1) < 0x90) ||
      (first == 0xf4 && at(1) > 0x8f))
    return 0;
  return length;
}

void undo_once(std::string_view line, std::string& out) {
  out.clear();
  while (!line.empty()) {
    if (line.front() != '\\' || line.size() == 1) {
      const std::size_t length = sequence(line);
      if (length == 0)
        out += kUnknown;
      else
        out += line.substr(0, length);
      line.remove_prefix(length == 0 ? 1 : length);
      continue;
    }
    const char c = line[1];
    if (c == 'u') {
      if (const auto code = hex4(line.substr(2))) {
        append_code_point(*code, out);
        line.remove_prefix(6);
        continue;
      }
    }
    constexpr std::string_view kNames = "bfnrt\"\\/";
    constexpr std::string_view kMeanings = "\b\f\n\r\t\"\\/";
    const std::size_t known = kNames.find(c);
    if (known == std::string_view::npos) {
      out += line.front();
      line.remove_prefix(1);
    } else {
      out += kMeanings[known];
      line.remove_prefix(2);
    }
  }
}

}  // namespace

void undo_escapes(std::string_view line, std::string& out) {
  std::string once;
  undo_once(line, once);
  undo_once(once, out);
}

}  // namespace csiem::process
