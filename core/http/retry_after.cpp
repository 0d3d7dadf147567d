#include "http/retry_after.hpp"

#include <curl/curl.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <string>

namespace csiem::http {
namespace {

// HTTP dates begin with the name of a day; libcurl's reader would take much more than that.
int64_t unix_of_http_date(std::string_view text) {
  if (text.size() < 20 || text.size() > 64) return -1;
  const char first = text.front();
  if (!((first >= 'A' && first <= 'Z') || (first >= 'a' && first <= 'z'))) return -1;
  return curl_getdate(std::string(text).c_str(), nullptr);
}

}  // namespace

uint32_t retry_after_ms(std::string_view value, std::string_view date, int64_t now_unix_s) {
  if (value.empty()) return 0;
  if (value.front() >= '0' && value.front() <= '9') {
    double seconds = 0;  // some servers send fractions
    const auto [end, error] =
        std::from_chars(value.data(), value.data() + value.size(), seconds, std::chars_format::fixed);
    if (end != value.data() + value.size()) return 0;
    if (error == std::errc::result_out_of_range) return kMaxRetryAfterMs;
    if (error != std::errc{}) return 0;
    return static_cast<uint32_t>(std::min(std::ceil(seconds * 1000), static_cast<double>(kMaxRetryAfterMs)));
  }
  const int64_t until = unix_of_http_date(value);
  if (until < 0) return 0;
  const int64_t answered = unix_of_http_date(date);
  const int64_t seconds = until - (answered >= 0 ? answered : now_unix_s);
  if (seconds <= 0) return 0;
  return static_cast<uint32_t>(std::min<int64_t>(seconds, kMaxRetryAfterMs / 1000) * 1000);
}

}  // namespace csiem::http
