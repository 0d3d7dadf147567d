#include "base/rfc3339.hpp"

#include <chrono>
#include <cmath>
#include <limits>

#include "base/clock.hpp"

namespace csiem {
namespace {

void two(char* out, unsigned v) {
  out[0] = static_cast<char>('0' + v / 10);
  out[1] = static_cast<char>('0' + v % 10);
}

// Reads exactly `n` digits at the front of `text`, or nothing.
std::optional<int> take_digits(std::string_view& text, std::size_t n) {
  if (text.size() < n) return std::nullopt;
  int v = 0;
  for (std::size_t i = 0; i < n; ++i) {
    if (text[i] < '0' || text[i] > '9') return std::nullopt;
    v = v * 10 + (text[i] - '0');
  }
  text.remove_prefix(n);
  return v;
}

bool take(std::string_view& text, char c) {
  if (text.empty() || text.front() != c) return false;
  text.remove_prefix(1);
  return true;
}

// The offset of the zone at the front of `text` in seconds; `had_zone` false when nothing is left.
std::optional<int> take_zone(std::string_view text, bool& had_zone) {
  had_zone = true;
  if (text.empty()) {
    had_zone = false;
    return 0;
  }
  if (text == "Z" || text == "z" || text == "UTC" || text == " UTC" || text == " Z") return 0;
  if (text.front() == ' ') text.remove_prefix(1);
  if (text.empty() || (text.front() != '+' && text.front() != '-')) return std::nullopt;
  const int sign = text.front() == '-' ? -1 : 1;
  text.remove_prefix(1);
  const auto hour = take_digits(text, 2);
  if (!hour || *hour > 23) return std::nullopt;
  take(text, ':');
  int minute = 0;
  if (!text.empty()) {
    const auto m = take_digits(text, 2);
    if (!m || *m > 59 || !text.empty()) return std::nullopt;
    minute = *m;
  }
  return sign * (*hour * 3600 + minute * 60);
}

}  // namespace

void format_rfc3339(int64_t unix_ns, char* out) {
  using namespace std::chrono;
  int64_t seconds = unix_ns / kNsPerSecond;
  int64_t ns = unix_ns % kNsPerSecond;
  if (ns < 0) {
    ns += kNsPerSecond;
    --seconds;
  }
  constexpr int64_t kFirst = -62'167'219'200;  // 0000-01-01; int64 nanoseconds end long before year 9999
  if (seconds < kFirst) seconds = kFirst;
  int64_t day_number = seconds / 86400;
  int64_t of_day = seconds % 86400;
  if (of_day < 0) {
    of_day += 86400;
    --day_number;
  }
  const year_month_day ymd{sys_days{days{day_number}}};
  const auto year = static_cast<unsigned>(static_cast<int>(ymd.year()));
  two(out, year / 100);
  two(out + 2, year % 100);
  out[4] = '-';
  two(out + 5, static_cast<unsigned>(ymd.month()));
  out[7] = '-';
  two(out + 8, static_cast<unsigned>(ymd.day()));
  out[10] = 'T';
  const auto s = static_cast<unsigned>(of_day);
  two(out + 11, s / 3600);
  out[13] = ':';
  two(out + 14, s / 60 % 60);
  out[16] = ':';
  two(out + 17, s % 60);
  out[19] = '.';
  auto fraction = static_cast<uint64_t>(ns);
  for (int i = 28; i >= 20; --i) {
    out[i] = static_cast<char>('0' + fraction % 10);
    fraction /= 10;
  }
  out[29] = 'Z';
}

std::string format_rfc3339(int64_t unix_ns) {
  std::string text(kRfc3339Length, '\0');
  format_rfc3339(unix_ns, text.data());
  return text;
}

std::optional<ParsedTime> parse_rfc3339(std::string_view text) {
  using namespace std::chrono;
  const auto y = take_digits(text, 4);
  if (!y || !take(text, '-')) return std::nullopt;
  const auto mo = take_digits(text, 2);
  if (!mo || !take(text, '-')) return std::nullopt;
  const auto d = take_digits(text, 2);
  if (!d || text.empty() || (text.front() != 'T' && text.front() != 't' && text.front() != ' ')) return std::nullopt;
  text.remove_prefix(1);
  const auto h = take_digits(text, 2);
  if (!h || !take(text, ':')) return std::nullopt;
  const auto mi = take_digits(text, 2);
  if (!mi || !take(text, ':')) return std::nullopt;
  auto s = take_digits(text, 2);
  if (!s || *h > 23 || *mi > 59 || *s > 60) return std::nullopt;
  int64_t fraction = 0;
  if (!text.empty() && (text.front() == '.' || text.front() == ',')) {
    text.remove_prefix(1);
    int64_t scale = kNsPerSecond / 10;
    while (!text.empty() && text.front() >= '0' && text.front() <= '9') {
      fraction += (text.front() - '0') * scale;
      scale /= 10;
      text.remove_prefix(1);
    }
  }
  bool had_zone = false;
  const auto offset = take_zone(text, had_zone);
  if (!offset) return std::nullopt;
  if (*s == 60) {
    s = 59;
    fraction = kNsPerSecond - 1;
  }
  const year_month_day ymd{year{*y}, month{static_cast<unsigned>(*mo)}, day{static_cast<unsigned>(*d)}};
  if (!ymd.ok()) return std::nullopt;
  const int64_t seconds =
      int64_t{sys_days{ymd}.time_since_epoch().count()} * 86400 + *h * 3600 + *mi * 60 + *s - *offset;
  constexpr int64_t kLimit = std::numeric_limits<int64_t>::max() / kNsPerSecond - 1;
  if (seconds > kLimit || seconds < -kLimit) return std::nullopt;
  return ParsedTime{seconds * kNsPerSecond + fraction, had_zone};
}

std::optional<int64_t> epoch_to_unix_ns(double value) {
  if (!std::isfinite(value)) return std::nullopt;
  const double magnitude = std::fabs(value);
  const double factor = magnitude < 1e11 ? 1e9 : magnitude < 1e14 ? 1e6 : magnitude < 1e17 ? 1e3 : 1.0;
  const double ns = value * factor;
  if (std::fabs(ns) > 9.2e18) return std::nullopt;
  return static_cast<int64_t>(ns);
}

std::optional<int64_t> epoch_to_unix_ns(int64_t value) {
  const auto magnitude = value < 0 ? uint64_t{0} - static_cast<uint64_t>(value) : static_cast<uint64_t>(value);
  const int64_t factor = magnitude < 100'000'000'000ULL           ? 1'000'000'000
                         : magnitude < 100'000'000'000'000ULL     ? 1'000'000
                         : magnitude < 100'000'000'000'000'000ULL ? 1'000
                                                                  : 1;
  int64_t ns = 0;
  if (__builtin_mul_overflow(value, factor, &ns)) return std::nullopt;
  return ns;
}

}  // namespace csiem
