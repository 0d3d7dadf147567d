#include "event/ids.hpp"

#include <array>

#include "event/words.hpp"

namespace csiem::event {
namespace {

constexpr char kDigits[] = "0123456789abcdef";
constexpr uint8_t kNotHex = 0xff;

constexpr std::array<uint8_t, 256> make_hex_values() {
  std::array<uint8_t, 256> t{};
  for (auto& v : t) v = kNotHex;
  for (uint8_t i = 0; i < 10; ++i) t[static_cast<std::size_t>('0' + i)] = i;
  for (uint8_t i = 0; i < 6; ++i) {
    t[static_cast<std::size_t>('a' + i)] = static_cast<uint8_t>(10 + i);
    t[static_cast<std::size_t>('A' + i)] = static_cast<uint8_t>(10 + i);
  }
  return t;
}
constexpr auto kHexValue = make_hex_values();

bool is_hyphen_place(std::size_t i) noexcept { return i == 8 || i == 13 || i == 18 || i == 23; }

void write_uuid(const std::array<uint8_t, 16>& bytes, char* out) noexcept {
  std::size_t at = 0;
  for (std::size_t i = 0; i < bytes.size(); ++i) {
    if (is_hyphen_place(at)) out[at++] = '-';
    out[at++] = kDigits[bytes[i] >> 4];
    out[at++] = kDigits[bytes[i] & 15];
  }
}

bool starts_with_urn(std::string_view s) noexcept {
  constexpr std::string_view kUrn = "urn:uuid:";
  if (s.size() < kUrn.size()) return false;
  for (std::size_t i = 0; i < kUrn.size(); ++i)
    if (to_lower(s[i]) != kUrn[i]) return false;
  return true;
}

}  // namespace

bool is_output_uuid(std::string_view text) noexcept {
  if (text.size() != kUuidLength) return false;
  if (text[8] != '-' || text[13] != '-' || text[18] != '-' || text[23] != '-') return false;
  uint8_t bad = 0;
  uint8_t any = 0;
  const auto check = [&](std::size_t from, std::size_t to) {
    for (std::size_t i = from; i < to; ++i) {
      const auto c = static_cast<uint8_t>(text[i]);
      bad |= static_cast<uint8_t>(kHexValue[c] | ((c & 0x60) == 0x40 ? 0xf0 : 0));  // upper case is not output form
      any |= static_cast<uint8_t>(c ^ '0');
    }
  };
  check(0, 8);
  check(9, 13);
  check(14, 18);
  check(19, 23);
  check(24, 36);
  return (bad & 0xf0) == 0 && any != 0;
}

std::optional<UuidBits> uuid_bits(std::string_view text) noexcept {
  if (!is_output_uuid(text)) return std::nullopt;
  const auto half = [](std::string_view digits) {
    uint64_t value = 0;
    for (const char c : digits)
      if (c != '-') value = value << 4 | kHexValue[static_cast<unsigned char>(c)];
    return value;
  };
  return UuidBits{half(text.substr(0, 18)), half(text.substr(19))};
}

bool normalise_uuid(std::string_view text, char* out) noexcept {
  text = trim(text);
  if (starts_with_urn(text)) text.remove_prefix(9);
  if (text.size() >= 2 && text.front() == '{' && text.back() == '}') text = text.substr(1, text.size() - 2);
  const bool hyphens = text.size() == kUuidLength;
  if (!hyphens && text.size() != 32) return false;
  uint8_t any = 0;
  std::size_t at = 0;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (hyphens && is_hyphen_place(i)) {
      if (text[i] != '-') return false;
      continue;
    }
    const uint8_t v = kHexValue[static_cast<uint8_t>(text[i])];
    if (v == kNotHex) return false;
    any |= v;
    if (is_hyphen_place(at)) out[at++] = '-';
    out[at++] = kDigits[v];
  }
  return any != 0;
}

void IdMaker::derive(std::string_view shape, std::span<const std::string_view> parts, std::optional<int64_t> unix_ns,
                     char* out) {
  hash_.update("clawdstrike-siem/event-id/v1\n");
  hash_.update(shape);
  for (const std::string_view part : parts) {
    hash_.update("\n");
    hash_.update(part);
  }
  const Sha256Digest h = hash_.finish();
  const uint64_t ms = unix_ns && *unix_ns > 0 ? static_cast<uint64_t>(*unix_ns) / 1'000'000 : 0;
  std::array<uint8_t, 16> b{};
  for (std::size_t i = 0; i < 6; ++i) b[i] = static_cast<uint8_t>(ms >> (40 - 8 * i));
  b[6] = static_cast<uint8_t>(0x70 | (h[0] & 0x0f));
  b[7] = h[1];
  b[8] = static_cast<uint8_t>(0x80 | (h[2] & 0x3f));
  for (std::size_t i = 0; i < 7; ++i) b[9 + i] = h[3 + i];
  write_uuid(b, out);
}

}  // namespace csiem::event
