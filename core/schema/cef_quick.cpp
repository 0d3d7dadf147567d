#include "schema/cef_quick.hpp"

#if defined(__SSE2__)
#include <emmintrin.h>
#endif

#include <arpa/inet.h>

#include <algorithm>
#include <array>
#include <bitset>
#include <vector>

#include "schema/cef_keys.hpp"
#include "schema/name_hash.hpp"
#include "schema/utf8.hpp"

namespace csiem::schema {
namespace {

using cef::Key;
using cef::Type;

constexpr int64_t kFirstMs = 946'684'800'000, kLastMs = 4'102'444'800'000;  // years 2000 to 2100
constexpr std::size_t kMaxKeys = 256, kMaxLabels = 16, kMaxCustom = 4;
constexpr std::size_t kHeaderBytes[] = {63, 63, 31, 1023, 512};  // vendor, product, version, class, name
constexpr std::size_t kClassField = 3;
constexpr std::string_view kSeverities[] = {"0", "1", "2",  "3",       "4",   "5",      "6",    "7",
                                            "8", "9", "10", "Unknown", "Low", "Medium", "High", "Very-High"};

struct Slot {
  static constexpr uint16_t kNone = 0xffff;

  Key key;
  uint16_t at = 0;
  uint16_t label = kNone, labels = kNone;  // the slot of its label; of what it is the label of
};

// The keys by their hash.
struct Table {
  std::vector<Slot> slots;
  std::vector<uint16_t> places;

  Table() {
    for (const auto& [name, key] : cef::dictionary().keys) {
      if (slots.size() == kMaxKeys) break;  // the rest is left to the thorough check
      Slot& slot = slots.emplace_back();
      slot.key = key;
      slot.at = static_cast<uint16_t>(slots.size() - 1);
    }
    std::size_t size = 4;
    while (size < slots.size() * 3) size *= 2;
    places.assign(size, Slot::kNone);
    for (const Slot& slot : slots) {
      std::size_t i = name_hash(slot.key.name) & (size - 1);
      while (places[i] != Slot::kNone) i = (i + 1) & (size - 1);
      places[i] = slot.at;
    }
    for (Slot& slot : slots) {
      if (const Slot* label = find(slot.key.label)) slot.label = label->at;
      if (const Slot* labelled = find(slot.key.labels)) slot.labels = labelled->at;
    }
  }

  const Slot* find(std::string_view name) const noexcept {
    if (name.empty()) return nullptr;
    const std::size_t mask = places.size() - 1;
    for (std::size_t i = name_hash(name) & mask; places[i] != Slot::kNone; i = (i + 1) & mask)
      if (slots[places[i]].key.name == name) return &slots[places[i]];
    return nullptr;
  }
};

const Table& table() {
  static const Table all;
  return all;
}

// Text without control characters.
bool clean(std::string_view s) noexcept {
  const char* at = s.data();
  const char* const end = at + s.size();
  for (;;) {
#if defined(__SSE2__)
    while (end - at >= 16) {
      const __m128i v = _mm_loadu_si128(reinterpret_cast<const __m128i*>(at));
      // Signed: bytes from 0x80 on are below 0x20 as well.
      const __m128i look = _mm_or_si128(_mm_cmplt_epi8(v, _mm_set1_epi8(0x20)), _mm_cmpeq_epi8(v, _mm_set1_epi8(0x7f)));
      const int mask = _mm_movemask_epi8(look);
      if (mask != 0) {
        at += __builtin_ctz(static_cast<unsigned>(mask));
        break;
      }
      at += 16;
    }
#endif
    if (at == end) return true;
    const auto c = static_cast<unsigned char>(*at);
    if (c < 0x20 || c == 0x7f) return false;
    const std::size_t bytes = code_point_bytes(at, end);
    if (bytes == 0) return false;
    at += bytes;
  }
}

// The next '=' or backslash from `at` on; the size when there is none.
std::size_t next_mark(std::string_view s, std::size_t at) noexcept {
#if defined(__SSE2__)
  while (s.size() - at >= 16) {
    const __m128i v = _mm_loadu_si128(reinterpret_cast<const __m128i*>(s.data() + at));
    const __m128i mark = _mm_or_si128(_mm_cmpeq_epi8(v, _mm_set1_epi8('=')), _mm_cmpeq_epi8(v, _mm_set1_epi8('\\')));
    const int mask = _mm_movemask_epi8(mark);
    if (mask != 0) return at + static_cast<std::size_t>(__builtin_ctz(static_cast<unsigned>(mask)));
    at += 16;
  }
#endif
  while (at < s.size() && s[at] != '=' && s[at] != '\\') ++at;
  return at;
}

bool is_letter(char c) noexcept { return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z'); }
bool is_digit(char c) noexcept { return c >= '0' && c <= '9'; }

bool is_key(std::string_view name) noexcept {
  return !name.empty() && is_letter(name[0]) &&
         std::all_of(name.begin(), name.end(), [](char c) { return is_letter(c) || is_digit(c); });
}

std::size_t characters(std::string_view text) noexcept {
  return static_cast<std::size_t>(
      std::count_if(text.begin(), text.end(), [](char c) { return (static_cast<unsigned char>(c) & 0xc0) != 0x80; }));
}

// Digits with a sign, at most eighteen, no leading zero.
bool whole(std::string_view text, int64_t& out) noexcept {
  const bool negative = !text.empty() && text[0] == '-';
  if (negative) text.remove_prefix(1);
  if (text.empty() || text.size() > 18 || (text[0] == '0' && text.size() > 1)) return false;
  out = 0;
  for (const char c : text) {
    if (!is_digit(c)) return false;
    out = out * 10 + (c - '0');
  }
  if (negative) out = -out;
  return true;
}

// 4, 6, or 0 for what is no plain address.
int address_family(std::string_view text) noexcept {
  char terminated[INET6_ADDRSTRLEN + 1] = {};
  unsigned char bytes[16];
  if (text.size() >= sizeof terminated) return 0;
  text.copy(terminated, sizeof terminated - 1);
  if (inet_pton(AF_INET, terminated, bytes) == 1) return 4;
  return inet_pton(AF_INET6, terminated, bytes) == 1 ? 6 : 0;
}

// One line.
class Reading {
 public:
  Reading(std::string_view line, std::string_view custom) : rest_(line), custom_(custom) {}

  bool run() noexcept { return clean(rest_) && header() && extension() && labels(); }

 private:
  bool header() noexcept {
    if (rest_.substr(0, 4) != "CEF:") return false;
    std::string_view field;
    if (!header_field(field) || (field != "CEF:0" && field != "CEF:1")) return false;
    first_version_ = field.back() == '0';
    for (std::size_t i = 0; i < std::size(kHeaderBytes); ++i)
      if (!header_field(field) || field.size() > kHeaderBytes[i] || edge(field.front()) || edge(field.back()) ||
          (i == kClassField && field.find_first_of("=%#") != std::string_view::npos))
        return false;
    return header_field(field) &&
           std::find(std::begin(kSeverities), std::end(kSeverities), field) != std::end(kSeverities);
  }

  // Takes what stands before the next '|'; false when it is empty or wrongly escaped.
  bool header_field(std::string_view& out) noexcept {
    std::size_t i = 0;
    for (; i < rest_.size() && rest_[i] != '|'; ++i)
      if (rest_[i] == '\\' && (++i == rest_.size() || (rest_[i] != '\\' && rest_[i] != '|'))) return false;
    if (i >= rest_.size()) return false;
    out = rest_.substr(0, i);
    rest_.remove_prefix(i + 1);
    return !out.empty();
  }

  // May be a space of some kind.
  static bool edge(char c) noexcept { return c == ' ' || static_cast<unsigned char>(c) >= 0x80; }

  bool extension() noexcept {
    std::size_t begin = 0;
    std::size_t equals = next_mark(rest_, 0);
    if (rest_.empty()) return true;
    while (equals < rest_.size() && rest_[equals] == '=') {
      const std::string_view name = rest_.substr(begin, equals - begin);
      const std::size_t from = equals + 1;
      std::size_t mark = next_mark(rest_, from);
      while (mark < rest_.size() && rest_[mark] == '\\') {
        if (mark + 1 == rest_.size() || std::string_view("\\=nr").find(rest_[mark + 1]) == std::string_view::npos)
          return false;
        mark = next_mark(rest_, mark + 2);
      }
      std::size_t end = rest_.size();
      if (mark < rest_.size()) {
        end = rest_.rfind(' ', mark);
        if (end == std::string_view::npos || end < from) return false;
        begin = end + 1;
      }
      if (!pair(name, rest_.substr(from, end - from))) return false;
      equals = mark;
    }
    return equals == rest_.size() && seen_.any();
  }

  bool pair(std::string_view name, std::string_view value) noexcept {
    if (value.empty() || value.front() == ' ' || value.back() == ' ') return false;
    const Slot* const slot = table().find(name);
    if (slot == nullptr) return own(name);
    const Key& key = slot->key;
    if (key.consumer || (key.since_1 && first_version_) || seen_[slot->at]) return false;
    seen_.set(slot->at);
    if (slot->label != Slot::kNone) wanted_.set(slot->label);
    if (slot->labels != Slot::kNone) {
      wanted_.set(slot->labels);
      for (std::size_t i = 0; i < label_count_; ++i)
        if (labels_[i] == value) return false;
      if (label_count_ == labels_.size()) return false;
      labels_[label_count_++] = value;
    }
    return typed(key, value);
  }

  bool own(std::string_view name) noexcept {
    if (custom_.empty() || name.size() <= custom_.size() || name.substr(0, custom_.size()) != custom_ ||
        name[custom_.size()] < 'A' || name[custom_.size()] > 'Z' || !is_key(name) || custom_count_ == kMaxCustom ||
        cef::dictionary().full_names.count(name) != 0)
      return false;
    for (std::size_t i = 0; i < custom_count_; ++i)
      if (customs_[i] == name) return false;
    customs_[custom_count_++] = name;
    return true;
  }

  bool typed(const Key& key, std::string_view value) const noexcept {
    int64_t number = 0;
    switch (key.type) {
      case Type::string:
        return value.size() <= key.max_length || characters(value) <= key.max_length;
      case Type::integer:
      case Type::long_: {
        const bool narrow = key.type == Type::integer || (first_version_ && key.integer_in_0);
        return whole(value, number) && (!narrow || (number >= INT32_MIN && number <= INT32_MAX)) &&
               (!key.range || (number >= key.range->first && number <= key.range->second));
      }
      case Type::ip: {
        const int family = address_family(value);
        return family == 4 || (family == 6 && !first_version_);
      }
      case Type::ipv6:
        return address_family(value) == 6;
      case Type::enumeration:
        return std::find(key.values.begin(), key.values.end(), value) != key.values.end();
      case Type::time:
        return whole(value, number) && number >= kFirstMs && number <= kLastMs;
      case Type::floating:
      case Type::mac:
        break;
    }
    return false;
  }

  // Every label has its value, every custom value its label.
  bool labels() const noexcept { return (wanted_ & ~seen_).none(); }

  std::string_view rest_;  // what is left of the line
  const std::string_view custom_;
  bool first_version_ = true;  // CEF:0
  std::bitset<kMaxKeys> seen_, wanted_;
  std::array<std::string_view, kMaxLabels> labels_;
  std::array<std::string_view, kMaxCustom> customs_;
  std::size_t label_count_ = 0, custom_count_ = 0;
};

}  // namespace

bool CefQuick::accepts(std::string_view line) const noexcept { return Reading(line, custom_).run(); }

}  // namespace csiem::schema
