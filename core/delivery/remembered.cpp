#include "delivery/remembered.hpp"

#include <array>
#include <charconv>
#include <cstdio>
#include <system_error>

#include "base/sha256.hpp"

namespace csiem::delivery {
namespace {

constexpr std::string_view kFirstLine = "lane 1\n";
constexpr std::size_t kMostBytes = 8192, kMostWords = 1024;

struct KindWord {
  Hold::Kind kind;
  std::string_view word;
};
constexpr std::array<KindWord, 3> kKinds{
    {{Hold::Kind::auth, "auth"}, {Hold::Kind::destination, "destination"}, {Hold::Kind::rejected_all, "rejected"}}};

std::string_view word_of(Hold::Kind kind) {
  for (const KindWord& one : kKinds)
    if (one.kind == kind) return one.word;
  return "";
}

// Takes one line apart, field by field. Any surprise makes it bad for good.
class Fields {
 public:
  explicit Fields(std::string_view line) : left_(line) {}
  std::string_view word() {
    const std::size_t end = left_.find(' ');
    const std::string_view out = left_.substr(0, end);
    left_ = end == std::string_view::npos ? std::string_view() : left_.substr(end + 1);
    good_ = good_ && !out.empty();
    return out;
  }
  template <class Number>
  Number number(int base = 10) {
    const std::string_view text = word();
    Number value{};
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value, base);
    good_ = good_ && error == std::errc() && end == text.data() + text.size() && value >= 0;
    return good_ ? value : Number{};
  }
  Hold::Kind kind() {
    const std::string_view text = word();
    for (const KindWord& one : kKinds)
      if (one.word == text) return one.kind;
    good_ = false;
    return Hold::Kind::none;
  }
  bool ended_well() const noexcept { return good_ && left_.empty(); }

 private:
  std::string_view left_;
  bool good_ = true;
};

}  // namespace

std::string write_remembered(const Remembered& remembered) {
  if (remembered.nothing()) return {};
  std::array<char, 16> digest;
  std::snprintf(digest.data(), digest.size(), "%08x", remembered.settings);
  std::string out(kFirstLine);
  out += "settings " + std::string(digest.data()) + ' ' + std::to_string(remembered.outlet) + '\n';
  if (const auto& open = remembered.breaker)
    out += "breaker " + std::to_string(open->until_unix_ms) + ' ' + std::to_string(open->open_for_ms) + '\n';
  if (const auto& held = remembered.hold)
    out += "hold " + std::string(word_of(held->kind)) + ' ' + std::to_string(held->code) + ' ' +
           std::to_string(held->until_unix_ms) + '\n';
  return out + "words " + remembered.words.substr(0, kMostWords);
}

Remembered read_remembered(std::string_view text) {
  if (text.size() > kMostBytes || !text.starts_with(kFirstLine)) return {};
  text.remove_prefix(kFirstLine.size());
  Remembered out;
  bool settings = false;
  for (;;) {
    if (constexpr std::string_view kWords = "words "; text.starts_with(kWords)) {
      out.words = text.substr(kWords.size(), kMostWords);
      return settings ? out : Remembered{};
    }
    const std::size_t end = text.find('\n');
    if (end == std::string_view::npos) return {};
    Fields fields(text.substr(0, end));
    text.remove_prefix(end + 1);
    const std::string_view entry = fields.word();
    if (entry == "settings" && !settings) {
      settings = true;
      out.settings = fields.number<uint32_t>(16);
      out.outlet = fields.number<uint32_t>();
    } else if (entry == "breaker" && !out.breaker) {
      Remembered::Open open;
      open.until_unix_ms = fields.number<int64_t>();
      open.open_for_ms = fields.number<int64_t>();
      out.breaker = open;
    } else if (entry == "hold" && !out.hold) {
      Remembered::Held held;
      held.kind = fields.kind();
      held.code = fields.number<int>();
      held.until_unix_ms = fields.number<int64_t>();
      out.hold = held;
    } else {
      return {};
    }
    if (!fields.ended_well() || (out.hold && (out.hold->code < 1000 || out.hold->code > 9999))) return {};
  }
}

uint32_t short_digest(std::string_view bytes) {
  const Sha256Digest digest = sha256(bytes);
  uint32_t out = 0;
  for (std::size_t i = 0; i < 4; ++i) out = out << 8 | digest[i];
  return out;
}

}  // namespace csiem::delivery
