#include "process/expression_literals.hpp"

#include <arpa/inet.h>

#include <charconv>
#include <cstring>
#include <limits>

namespace csiem::process {
namespace {

struct Unit {
  std::string_view name;
  int64_t ns;
};
constexpr Unit kUnits[] = {{"ms", 1'000'000},
                           {"s", 1'000'000'000},
                           {"m", 60'000'000'000},
                           {"h", 3'600'000'000'000},
                           {"d", 86'400'000'000'000}};

std::optional<std::array<uint8_t, 16>> parse_address(std::string_view text, bool& is_v4) {
  text = text.substr(0, text.find('%'));
  char terminated[INET6_ADDRSTRLEN + 1];
  if (text.empty() || text.size() >= sizeof terminated) return std::nullopt;
  std::memcpy(terminated, text.data(), text.size());
  terminated[text.size()] = '\0';
  if (std::strlen(terminated) != text.size()) return std::nullopt;
  std::array<uint8_t, 16> out{};
  is_v4 = inet_pton(AF_INET, terminated, out.data() + 12) == 1;
  if (is_v4) {
    out[10] = out[11] = 0xff;
    return out;
  }
  if (inet_pton(AF_INET6, terminated, out.data()) == 1) return out;
  return std::nullopt;
}

}  // namespace

std::optional<int64_t> parse_duration_ns(std::string_view text) {
  if (text.empty()) return std::nullopt;
  int64_t total = 0;
  while (!text.empty()) {
    int64_t count = 0;
    const auto [digits_end, error] = std::from_chars(text.data(), text.data() + text.size(), count);
    if (error != std::errc{} || count < 0) return std::nullopt;
    text.remove_prefix(static_cast<std::size_t>(digits_end - text.data()));
    const std::size_t unit_length = text.find_first_of("0123456789");
    const std::string_view unit = text.substr(0, unit_length);
    text.remove_prefix(unit.size());
    int64_t unit_ns = 0;
    for (const Unit& known : kUnits)
      if (known.name == unit) unit_ns = known.ns;
    if (unit_ns == 0 || count > std::numeric_limits<int64_t>::max() / unit_ns) return std::nullopt;
    if (__builtin_add_overflow(total, count * unit_ns, &total)) return std::nullopt;
  }
  return total;
}

std::optional<int32_t> severity_rank(std::string_view word) {
  static constexpr std::string_view kWords[] = {"info", "low", "medium", "high", "critical"};
  for (int32_t rank = 0; rank < 5; ++rank)
    if (word == kWords[rank]) return rank;
  return std::nullopt;
}

std::optional<Network> parse_network(std::string_view text) {
  const std::size_t slash = text.find('/');
  bool is_v4 = false;
  const auto address = parse_address(text.substr(0, slash), is_v4);
  if (!address) return std::nullopt;
  const unsigned width = is_v4 ? 32 : 128;
  unsigned bits = width;
  if (slash != std::string_view::npos) {
    const std::string_view digits = text.substr(slash + 1);
    const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), bits);
    if (error != std::errc{} || end != digits.data() + digits.size() || bits > width) return std::nullopt;
  }
  return Network{*address, is_v4 ? bits + 96 : bits};
}

bool contains(const Network& network, std::string_view address) {
  bool is_v4 = false;
  const auto parsed = parse_address(address, is_v4);
  if (!parsed) return false;
  const unsigned whole = network.prefix_bits / 8;
  if (std::memcmp(parsed->data(), network.address.data(), whole) != 0) return false;
  const unsigned rest = network.prefix_bits % 8;
  return rest == 0 || ((parsed->data()[whole] ^ network.address[whole]) >> (8 - rest)) == 0;
}

}  // namespace csiem::process
