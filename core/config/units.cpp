// Durations and sizes as operators write them.
#include <array>
#include <charconv>
#include <limits>

#include "config/config.hpp"

namespace csiem::config {
namespace {

// The digits at the front of `text`, which are cut off. Nothing when there are none or they do not fit.
std::optional<uint64_t> take_number(std::string_view& text) {
  uint64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc()) return std::nullopt;
  text.remove_prefix(static_cast<std::size_t>(end - text.data()));
  return value;
}

struct Unit {
  std::string_view word;
  uint64_t factor;
};
// From large to small, the order in which a compound duration has to name them.
constexpr std::array kDurations = {Unit{"d", 86'400'000}, Unit{"h", 3'600'000}, Unit{"m", 60'000}, Unit{"s", 1000},
                                   Unit{"ms", 1}};
constexpr std::array kSizes = {Unit{"", 1},
                               Unit{"B", 1},
                               Unit{"KiB", 1ULL << 10},
                               Unit{"MiB", 1ULL << 20},
                               Unit{"GiB", 1ULL << 30},
                               Unit{"TiB", 1ULL << 40},
                               Unit{"kB", 1000},
                               Unit{"KB", 1000},
                               Unit{"MB", 1'000'000},
                               Unit{"GB", 1'000'000'000},
                               Unit{"TB", 1'000'000'000'000}};

}  // namespace

std::optional<int64_t> parse_duration_ms(std::string_view text) {
  constexpr auto kMax = static_cast<uint64_t>(std::numeric_limits<int64_t>::max());
  if (text.empty()) return std::nullopt;
  uint64_t total = 0;
  std::size_t next_unit = 0;
  while (!text.empty()) {
    const auto number = take_number(text);
    if (!number) return std::nullopt;
    const auto letters = text.substr(0, text.find_first_of("0123456789"));
    while (next_unit < kDurations.size() && kDurations[next_unit].word != letters) ++next_unit;
    if (next_unit == kDurations.size()) return std::nullopt;
    const uint64_t factor = kDurations[next_unit++].factor;
    if (*number > (kMax - total) / factor) return std::nullopt;
    total += *number * factor;
    text.remove_prefix(letters.size());
  }
  return static_cast<int64_t>(total);
}

std::optional<uint64_t> parse_size(std::string_view text) {
  const auto number = take_number(text);
  if (!number) return std::nullopt;
  for (const auto& unit : kSizes) {
    if (unit.word != text) continue;
    if (*number > static_cast<uint64_t>(std::numeric_limits<int64_t>::max()) / unit.factor) return std::nullopt;
    return *number * unit.factor;
  }
  return std::nullopt;
}

}  // namespace csiem::config
