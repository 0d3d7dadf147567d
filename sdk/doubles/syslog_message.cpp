#include "syslog_message.hpp"

#include <algorithm>
#include <charconv>

#include "platform.hpp"

namespace csiem::doubles {
namespace {

bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_printable(char c) { return c > 0x20 && c < 0x7f; }

// Takes text up to the next space; the space goes, too.
std::string_view take_word(std::string_view& rest) {
  const std::size_t space = rest.find(' ');
  const auto word = rest.substr(0, space);
  rest.remove_prefix(space == std::string_view::npos ? rest.size() : space + 1);
  return word;
}

bool is_utf8(std::string_view text) {
  for (std::size_t i = 0; i < text.size();) {
    const auto lead = static_cast<unsigned char>(text[i]);
    const std::size_t length = lead < 0x80                   ? 1
                               : lead >= 0xc2 && lead < 0xe0 ? 2
                               : (lead & 0xf0) == 0xe0       ? 3
                               : lead >= 0xf0 && lead < 0xf5 ? 4
                                                             : 0;
    if (length == 0 || i + length > text.size()) return false;
    for (std::size_t k = 1; k < length; ++k)
      if ((static_cast<unsigned char>(text[i + k]) & 0xc0) != 0x80) return false;
    i += length;
  }
  return true;
}

// "2026-03-02T08:00:00.123456Z", one to six fraction digits or none.
bool is_rfc3339(std::string_view time) {
  static constexpr std::string_view kShape = "dddd-dd-ddTdd:dd:dd";
  if (time.size() < kShape.size() + 1 || time.back() != 'Z') return false;
  for (std::size_t i = 0; i < kShape.size(); ++i)
    if (kShape[i] == 'd' ? !is_digit(time[i]) : time[i] != kShape[i]) return false;
  if (time.substr(17, 2) > "59") return false;
  const auto fraction = time.substr(kShape.size(), time.size() - kShape.size() - 1);
  if (fraction.empty()) return true;
  return fraction[0] == '.' && fraction.size() >= 2 && fraction.size() <= 7 &&
         std::all_of(fraction.begin() + 1, fraction.end(), is_digit);
}

// "Mar  2 08:00:00"
bool is_bsd_time(std::string_view time) {
  static constexpr std::string_view kMonths = "JanFebMarAprMayJunJulAugSepOctNovDec";
  if (time.size() != 15 || kMonths.find(time.substr(0, 3)) % 3 != 0) return false;
  return time[3] == ' ' && (time[4] == ' ' || is_digit(time[4])) && is_digit(time[5]) && time[6] == ' ' &&
         is_digit(time[7]) && is_digit(time[8]) && time[9] == ':' && time[12] == ':' && is_digit(time[14]);
}

bool is_field(std::string_view word, std::size_t limit) {
  return !word.empty() && word.size() <= limit && std::all_of(word.begin(), word.end(), is_printable);
}

// "-" or elements without a space between them; returns what it took, empty when the rules are broken.
std::string_view take_data(std::string_view& rest) {
  const std::string_view all = rest;
  std::size_t at = 0;
  if (!rest.empty() && rest[0] == '-') {
    at = 1;
  } else {
    while (at < rest.size() && rest[at] == '[') {
      bool quoted = false;
      for (++at; at < rest.size() && (quoted || rest[at] != ']'); ++at) {
        if (quoted && rest[at] == '\\')
          ++at;
        else if (rest[at] == '"')
          quoted = !quoted;
        else if (quoted && rest[at] == ']')
          return {};
      }
      if (at >= rest.size()) return {};
      ++at;
    }
  }
  if (at == 0 || (at < rest.size() && rest[at] != ' ')) return {};
  rest.remove_prefix(std::min(at + 1, rest.size()));
  return all.substr(0, at);
}

}  // namespace

std::optional<SyslogMessage> parse_syslog(std::string_view message, std::string* problem) {
  const auto broken = [&](const char* what) {
    *problem = what;
    return std::nullopt;
  };
  SyslogMessage out;
  std::string_view rest = message;
  const std::size_t close = rest.find('>');
  if (rest.empty() || rest[0] != '<' || close == std::string_view::npos || close < 2 || close > 4)
    return broken("no <PRI> in front");
  const auto digits = rest.substr(1, close - 1);
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), out.priority);
  if (error != std::errc() || end != digits.data() + digits.size() || out.priority > 191 ||
      (digits.size() > 1 && digits[0] == '0'))
    return broken("PRI is no number from 0 to 191");
  rest.remove_prefix(close + 1);

  if (rest.substr(0, 2) == "1 ") {
    rest.remove_prefix(2);
    out.time = take_word(rest);
    if (out.time != "-" && !is_rfc3339(out.time)) return broken("TIMESTAMP is not RFC 3339 with at most 6 digits");
    out.host = take_word(rest);
    if (!is_field(out.host, 255)) return broken("HOSTNAME is not 1 to 255 printable characters");
    out.app = take_word(rest);
    if (!is_field(out.app, 48)) return broken("APP-NAME is not 1 to 48 printable characters");
    out.process = take_word(rest);
    if (!is_field(out.process, 128)) return broken("PROCID is not 1 to 128 printable characters");
    out.id = take_word(rest);
    if (!is_field(out.id, 32)) return broken("MSGID is not 1 to 32 printable characters");
    out.data = take_data(rest);
    if (out.data.empty()) return broken("STRUCTURED-DATA is broken");
  } else {
    out.format = 3164;
    out.time = rest.substr(0, 15);
    if (!is_bsd_time(out.time)) return broken("neither VERSION 1 nor a time of RFC 3164 behind PRI");
    rest.remove_prefix(std::min<std::size_t>(16, rest.size()));
    out.host = take_word(rest);
    if (!is_field(out.host, 255)) return broken("HOSTNAME is not 1 to 255 printable characters");
    const std::size_t colon = rest.find(": "), space = rest.find(' ');
    if (colon != std::string_view::npos && colon + 1 == space) {
      out.app = rest.substr(0, colon);
      rest.remove_prefix(colon + 2);
    }
  }
  if (rest.find_first_of(std::string_view("\r\n\0", 3)) != std::string_view::npos)
    return broken("the text holds CR, LF or NUL");
  if (rest.substr(0, 3) == "\xef\xbb\xbf") return broken("the text begins with a byte order mark");
  if (!is_utf8(rest)) return broken("the text is not UTF-8");
  out.text = rest;
  return out;
}

std::string event_id_in(std::string_view text) {
  if (text.substr(0, 1) == "{") return event_id_of(text);
  for (const std::string_view key : {"externalId=", "event_id="}) {
    const std::size_t at = text.find(key);
    if (at == std::string_view::npos) continue;
    auto rest = text.substr(at + key.size());
    return std::string(rest.substr(0, rest.find(' ')));
  }
  return {};
}

}  // namespace csiem::doubles
