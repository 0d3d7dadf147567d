#include "ingest/clock_text.hpp"

#include <charconv>

#include "base/clock.hpp"
#include "base/rfc3339.hpp"

namespace csiem::ingest {
namespace {

int64_t days_from_civil(int y, int m, int d) noexcept {
  y -= m <= 2 ? 1 : 0;
  const int era = y / 400;
  const int year_of_era = y - era * 400;
  const int day_of_year = (153 * (m + (m > 2 ? -3 : 9)) + 2) / 5 + d - 1;
  return int64_t{era} * 146097 + year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year - 719468;
}

// The output form itself, read without the general parser; nothing for texts that are not exactly that.
std::optional<int64_t> read_output_form(std::string_view s) noexcept {
  if (s.size() != kRfc3339Length || s[4] != '-' || s[7] != '-' || s[10] != 'T' || s[13] != ':' || s[16] != ':' ||
      s[19] != '.' || s[29] != 'Z')
    return std::nullopt;
  bool digits = true;
  const auto digit = [&](std::size_t i) {
    const int v = s[i] - '0';
    digits = digits && v >= 0 && v <= 9;
    return v;
  };
  const auto two = [&](std::size_t i) { return digit(i) * 10 + digit(i + 1); };
  const int year = two(0) * 100 + two(2);
  const int month = two(5);
  const int day = two(8);
  const int hour = two(11);
  const int minute = two(14);
  const int second = two(17);
  int64_t fraction = 0;
  for (std::size_t i = 20; i < 29; ++i) fraction = fraction * 10 + digit(i);
  // Days beyond 28 and years outside the usual go the long way round, where they are checked.
  if (!digits || year < 1970 || year > 2200 || month < 1 || month > 12 || day < 1 || day > 28 || hour > 23 ||
      minute > 59 || second > 59)
    return std::nullopt;
  const int64_t seconds = days_from_civil(year, month, day) * 86400 + hour * 3600 + minute * 60 + second;
  return seconds * kNsPerSecond + fraction;
}

std::optional<int64_t> epoch(std::string_view number) {
  int64_t whole = 0;
  const char* const end = number.data() + number.size();
  const auto as_integer = std::from_chars(number.data(), end, whole);
  if (as_integer.ec == std::errc{} && as_integer.ptr == end) return epoch_to_unix_ns(whole);
  double value = 0;
  const auto as_double = std::from_chars(number.data(), end, value);
  if (as_double.ec == std::errc{} && as_double.ptr == end) return epoch_to_unix_ns(value);
  return std::nullopt;
}

bool is_epoch_digits(std::string_view s) noexcept {
  if (s.size() < 9 || s.size() > 19) return false;
  for (const char c : s)
    if (c < '0' || c > '9') return false;
  return true;
}

std::string_view output_form(int64_t ns, Arena& arena) {
  char* text = arena.allocate_chars(kRfc3339Length);
  format_rfc3339(ns, text);
  return {text, kRfc3339Length};
}

}  // namespace

When read_time(const Token* token, Arena& arena) {
  if (token == nullptr) return {};
  if (token->is(Kind::number)) {
    const auto ns = epoch(token->text_view());
    return ns ? When{ns, false, output_form(*ns, arena)} : When{};
  }
  if (!token->is(Kind::string)) return {};
  const std::string_view text = event::trim(token->text_view());
  if (const auto ns = read_output_form(text)) return {ns, false, text};
  if (is_epoch_digits(text)) {
    const auto ns = epoch(text);
    return ns ? When{ns, false, output_form(*ns, arena)} : When{};
  }
  const auto parsed = parse_rfc3339(text);
  if (!parsed) return {};
  return {parsed->unix_ns, !parsed->had_zone, output_form(parsed->unix_ns, arena)};
}

}  // namespace csiem::ingest
