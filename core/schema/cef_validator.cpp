// CEF, strictly: header, escapes, keys with their types and lengths, custom keys with their labels.
#include <arpa/inet.h>
#include <re2/re2.h>

#include <algorithm>
#include <charconv>
#include <map>

#include "base/rfc3339.hpp"
#include "schema/cef_keys.hpp"
#include "schema/cef_quick.hpp"
#include "schema/utf8.hpp"
#include "schema/validators.hpp"

namespace csiem::schema {
namespace {

using cef::Key;
using cef::Type;

constexpr int64_t kFirstMs = 946'684'800'000, kLastMs = 4'102'444'800'000;  // years 2000 to 2100

struct HeaderField {
  const char* name;
  std::size_t max_length;  // characters; 0: none
};
constexpr HeaderField kHeader[] = {{"header.deviceVendor", 63},  {"header.deviceProduct", 63},
                                   {"header.deviceVersion", 31}, {"header.deviceEventClassId", 1023},
                                   {"header.name", 512},         {"header.severity", 0}};
constexpr std::string_view kSeverities[] = {"0", "1", "2",  "3",       "4",   "5",      "6",    "7",
                                            "8", "9", "10", "Unknown", "Low", "Medium", "High", "Very-High"};

const RE2& number_pattern() {
  static const RE2 pattern("-?(0|[1-9][0-9]*)");
  return pattern;
}
const RE2& float_pattern() {
  static const RE2 pattern(R"(-?\d+(\.\d+)?([eE][+-]?\d+)?)");
  return pattern;
}
const RE2& mac_pattern() {
  static const RE2 pattern("[0-9A-Fa-f]{2}(:[0-9A-Fa-f]{2}){5}");
  return pattern;
}
const RE2& key_pattern() {
  static const RE2 pattern("[A-Za-z][A-Za-z0-9]*");
  return pattern;
}
// MMM dd [yyyy] HH:mm:ss[.SSS][ zone]
const RE2& date_pattern() {
  static const RE2 pattern(
      R"((Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec) (\d\d| \d|\d) (?:(\d{4}) )?(\d\d:\d\d:\d\d)(?:\.\d{3})?)"
      R"((?: (?:[A-Z]{1,5}|(?:GMT|UTC)?[+-]\d\d:?\d\d))?)");
  return pattern;
}

bool matches(std::string_view text, const RE2& pattern) {
  return RE2::FullMatch(re2::StringPiece(text.data(), text.size()), pattern);
}

bool valid_utf8(std::string_view text) {
  for (std::size_t i = 0; i < text.size();) {
    const std::size_t bytes = code_point_bytes(text.data() + i, text.data() + text.size());
    if (bytes == 0) return false;
    i += bytes;
  }
  return true;
}

std::size_t characters(std::string_view text) {
  return static_cast<std::size_t>(
      std::count_if(text.begin(), text.end(), [](char c) { return (static_cast<unsigned char>(c) & 0xc0) != 0x80; }));
}

bool begins_or_ends_with_space(std::string_view text) {
  return !text.empty() && (text.front() == ' ' || text.back() == ' ');
}
// The same, counting every space of Unicode.
bool padded(std::string_view text) {
  static const RE2 pattern("^[\\s\\x0b\\x1c-\\x1f\\x85\\pZ]|[\\s\\x0b\\x1c-\\x1f\\x85\\pZ]$");
  return RE2::PartialMatch(re2::StringPiece(text.data(), text.size()), pattern);
}

// 4 or 6, 0 for what is no address. A zone id may follow an IPv6 address.
int address_family(std::string_view text) {
  const std::string literal(text.substr(0, text.find('%')));
  unsigned char bytes[16];
  if (literal.find('\0') != std::string::npos) return 0;
  if (literal.size() == text.size() && inet_pton(AF_INET, literal.c_str(), bytes) == 1) return 4;
  return inet_pton(AF_INET6, literal.c_str(), bytes) == 1 && text.back() != '%' ? 6 : 0;
}

std::optional<int64_t> whole(std::string_view text) {
  int64_t value = 0;
  if (!matches(text, number_pattern())) return std::nullopt;
  if (std::from_chars(text.data(), text.data() + text.size(), value).ec != std::errc()) return std::nullopt;
  return value;
}

// One line.
class Check {
 public:
  Check(std::string_view custom_prefix, std::vector<Violation>& out) : custom_(custom_prefix), out_(out) {}

  void line(std::string_view s) {
    if (!valid_utf8(s)) return error("-", "not_utf8");
    if (std::any_of(s.begin(), s.end(), [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; }))
      error("-", "control_character");
    if (s.substr(0, 4) != "CEF:") return error("header", "not_cef");
    std::vector<std::string_view> fields;
    std::size_t begin = 0;
    for (std::size_t i = 0; i < s.size() && fields.size() < 7; ++i) {
      if (s[i] == '\\') {
        ++i;
      } else if (s[i] == '|') {
        fields.push_back(s.substr(begin, i - begin));
        begin = i + 1;
      }
    }
    if (fields.size() < 7) return error("header", "header_fields", std::to_string(fields.size()) + " unescaped pipes");
    version_ = fields[0].substr(4);
    if (version_ != "0" && version_ != "1") error("header.version", "bad_version", std::string(version_.substr(0, 20)));
    for (std::size_t i = 1; i < 7; ++i) header(kHeader[i - 1], fields[i]);
    extension(s.substr(begin));
  }

 private:
  void error(std::string path, std::string rule, std::string detail = {}) {
    out_.push_back({std::move(path), std::move(rule), std::move(detail)});
  }

  // `pairs`: the characters that may follow a backslash, each with what it stands for.
  std::string unescaped(std::string_view s, std::string_view pairs, const std::string& path) {
    std::string out;
    bool bad = false;
    for (std::size_t i = 0; i < s.size(); ++i) {
      if (s[i] != '\\') {
        out += s[i];
        continue;
      }
      std::size_t at = 0;
      while (at < pairs.size() && (i + 1 == s.size() || pairs[at] != s[i + 1])) at += 2;
      if (at < pairs.size()) {
        out += pairs[at + 1];
        ++i;
      } else {
        bad = true;
        out += '\\';
      }
    }
    if (bad) error(path, "bad_escape", "a backslash must be doubled");
    return out;
  }

  void header(const HeaderField& field, std::string_view raw) {
    const std::string value = unescaped(raw, "\\\\||", field.name);
    if (value.empty()) {
      error(field.name, "header_empty");
    } else if (field.max_length != 0 && characters(value) > field.max_length) {
      error(field.name, "too_long");
    } else if (field.max_length == 0 &&
               std::find(std::begin(kSeverities), std::end(kSeverities), value) == std::end(kSeverities)) {
      error(field.name, "bad_severity", value.substr(0, 20));
    }
    if (padded(value)) error(field.name, "strict_padding");
    if (field.max_length == 1023 && value.find_first_of("=%#") != std::string::npos)
      error(field.name, "strict_class_id_character");
  }

  struct Span {
    std::size_t begin, equals;
    std::string_view name;
  };

  void extension(std::string_view s) {
    if (s.empty()) return;
    std::vector<std::size_t> marks;
    for (std::size_t i = 0; i < s.size(); ++i) {
      if (s[i] == '\\') {
        ++i;
      } else if (s[i] == '=') {
        marks.push_back(i);
      }
    }
    if (marks.empty()) return error("extension", "no_key", std::string(s.substr(0, 40)));
    std::vector<Span> spans;
    for (const std::size_t mark : marks) {
      const std::size_t blank = mark == 0 ? std::string_view::npos : s.rfind(' ', mark - 1);
      const std::size_t begin = blank == std::string_view::npos ? 0 : blank + 1;
      const std::string_view name = s.substr(begin, mark - begin);
      if (matches(name, key_pattern())) {
        spans.push_back({begin, mark, name});
      } else {
        error("extension", "unescaped_equals");
      }
    }
    if (spans.empty()) return;
    if (s.substr(0, spans[0].begin).find_first_not_of(' ') != std::string_view::npos) {
      error("extension", "text_before_key");
    } else if (spans[0].begin != 0) {
      error("extension", "strict_padding");
    }
    std::map<std::string_view, std::string> seen;
    for (std::size_t i = 0; i < spans.size(); ++i) {
      const Span& span = spans[i];
      const std::string name(span.name);
      const std::size_t begin = span.equals + 1;
      const std::size_t end = i + 1 < spans.size() ? std::max(spans[i + 1].begin - 1, begin) : s.size();
      const std::string_view raw = s.substr(begin, end - begin);
      if (seen.count(span.name) != 0) error(name, "duplicate_key");
      if (begins_or_ends_with_space(raw)) error(name, "strict_padding");
      std::string value = unescaped(raw, "\\\\==n\nr\r", name);
      pair(span.name, value);
      seen[span.name] = std::move(value);
    }
    labels(seen);
  }

  void labels(const std::map<std::string_view, std::string>& seen) {
    std::map<std::string_view, std::string_view> used;
    for (const auto& [name, value] : seen) {
      const auto key = cef::dictionary().keys.find(name);
      if (key == cef::dictionary().keys.end()) continue;
      if (!key->second.label.empty() && seen.count(key->second.label) == 0)
        error(std::string(name), "label_missing", std::string(key->second.label));
      if (key->second.labels.empty()) continue;
      if (seen.count(key->second.labels) == 0)
        error(std::string(name), "label_without_value", std::string(key->second.labels));
      if (!used.emplace(value, name).second) error(std::string(name), "strict_label_repeated", value.substr(0, 60));
    }
  }

  bool own(std::string_view name) const {
    return !custom_.empty() && name.size() > custom_.size() && name.substr(0, custom_.size()) == custom_ &&
           name[custom_.size()] >= 'A' && name[custom_.size()] <= 'Z';
  }

  void pair(std::string_view name_view, const std::string& value) {
    const std::string name(name_view);
    const auto found = cef::dictionary().keys.find(name_view);
    if (found == cef::dictionary().keys.end()) {
      if (cef::dictionary().full_names.count(name_view) != 0) {
        error(name, "full_name_used");
      } else if (!own(name_view)) {
        error(name, "unknown_key");
      }
      return;
    }
    const Key& key = found->second;
    if (key.consumer) error(name, "consumer_key");
    if (key.since_1 && version_ == "0") error(name, "needs_cef_1");
    if (value.empty()) return error(name, "strict_empty_value");
    typed(name, value, key);
  }

  void typed(const std::string& name, const std::string& value, const Key& key) {
    switch (key.type) {
      case Type::string:
        if (characters(value) > key.max_length) error(name, "too_long");
        break;
      case Type::integer:
      case Type::long_: {
        const bool narrow = key.type == Type::integer || (version_ == "0" && key.integer_in_0);
        const auto number = whole(value);
        if (!number || (narrow && (*number < INT32_MIN || *number > INT32_MAX))) {
          error(name, "wrong_type", narrow ? "expected integer" : "expected long");
        } else if (key.range && (*number < key.range->first || *number > key.range->second)) {
          error(name, "out_of_range", value);
        }
        break;
      }
      case Type::floating:
        if (!matches(value, float_pattern())) error(name, "wrong_type", "expected floating point");
        break;
      case Type::ip:
      case Type::ipv6: {
        const int family = address_family(value);
        if (family == 0 || (key.type == Type::ipv6 && family != 6)) {
          error(name, "wrong_type", "expected an address");
        } else if (key.type == Type::ip && family == 6 && version_ == "0") {
          error(name, "needs_cef_1", "IPv6 in an address key");
        }
        break;
      }
      case Type::mac:
        if (!matches(value, mac_pattern())) error(name, "wrong_type", "expected six hexadecimal pairs");
        break;
      case Type::enumeration:
        if (std::find(key.values.begin(), key.values.end(), value) == key.values.end())
          error(name, "value_not_allowed", value.substr(0, 20));
        break;
      case Type::time:
        time(name, value);
        break;
    }
  }

  void time(const std::string& name, const std::string& value) {
    if (matches(value, number_pattern())) {
      const auto ms = whole(value);
      if (!ms || *ms < kFirstMs || *ms > kLastMs) error(name, "strict_time_not_epoch_ms", value.substr(0, 40));
      return;
    }
    std::string month, day, year, clock;
    if (!RE2::FullMatch(value, date_pattern(), &month, &day, &year, &clock))
      return error(name, "time_format", value.substr(0, 40));
    constexpr std::string_view kMonths = "JanFebMarAprMayJunJulAugSepOctNovDec";
    const auto number = std::to_string(kMonths.find(month) / 3 + 1);
    day.erase(0, day.find_first_not_of(' '));
    const auto two = [](const std::string& digits) { return (digits.size() < 2 ? "0" : "") + digits; };
    const std::string rfc3339 = (year.empty() ? "2024" : year) + "-" + two(number) + "-" + two(day) + "T" + clock + "Z";
    if (!parse_rfc3339(rfc3339)) error(name, "time_format", value.substr(0, 40));
  }

  std::string_view custom_, version_;
  std::vector<Violation>& out_;
};

class CefValidator final : public Validator {
 public:
  CefValidator(std::string_view custom_prefix, bool quick) : custom_(custom_prefix) {
    if (quick) quick_.emplace(custom_prefix);
  }

  bool check(std::string_view encoded, std::vector<Violation>& violations) override {
    if (quick_ && quick_->accepts(encoded)) return true;
    const std::size_t before = violations.size();
    Check(custom_, violations).line(encoded);
    return violations.size() == before;
  }

 private:
  std::string custom_;
  std::optional<const CefQuick> quick_;
};

}  // namespace

std::unique_ptr<Validator> make_cef_validator(std::string_view custom_prefix, bool quick) {
  return std::make_unique<CefValidator>(custom_prefix, quick);
}

}  // namespace csiem::schema
