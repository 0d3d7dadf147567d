#include "config/suggest.hpp"

#include <algorithm>

namespace csiem::config {
namespace {

constexpr std::size_t kLongestWord = 64;

struct Pair {
  std::string_view from, to;
};
// Spellings of the companion documents and of other shippers.
constexpr Pair kSynonyms[] = {
    {"batch", "batch_size"},
    {"batch.size", "batch_size"},
    {"batch.max_events", "batch_size"},
    {"batch.max_bytes", "batch_max_bytes"},
    {"batch.flush_interval_ms", "flush_interval_ms"},
    {"batch.flush_interval", "flush_interval_ms"},
    {"batch.timeout_secs", "flush_interval_ms"},
    {"flush_interval", "flush_interval_ms"},
    {"sourceType", "sourcetype"},
    {"source_type", "sourcetype"},
    {"url", "hec_url"},
    {"endpoint", "hec_url"},
    {"endpoint", "url"},
    {"endpoint", "nodes"},
    {"endpoints", "nodes"},
    {"hosts", "nodes"},
    {"default_token", "hec_token"},
    {"token", "hec_token"},
    {"severity", "min_severity"},
    {"minimum_severity", "min_severity"},
    {"level", "min_severity"},
    {"max_attempts", "retry.max_retries"},
    {"max_attempts", "max_retries"},
    {"max_retries", "retry.max_retries"},
    {"backoff_ms", "initial_backoff_ms"},
    {"verify_certificate", "verify"},
    {"insecure_skip_verify", "verify"},
    {"ca_cert", "ca_file"},
    {"crt_file", "cert_file"},
    {"file", "path"},
    {"condition", "when"},
    {"secret_provider", "provider"},
    {"type", "default_format"},
};

// hecUrl, hec-url, HEC_URL: all hec_url.
std::string snake(std::string_view word) {
  std::string out;
  bool lower_before = false;
  for (const char c : word) {
    if (c == '-' || c == ' ') {
      out += '_';
    } else if (c >= 'A' && c <= 'Z') {
      if (lower_before) out += '_';
      out += static_cast<char>(c - 'A' + 'a');
    } else {
      out += c;
    }
    lower_before = c >= 'a' && c <= 'z';
  }
  return out;
}

bool contains(const std::vector<std::string>& known, std::string_view word) {
  return std::find(known.begin(), known.end(), word) != known.end();
}

}  // namespace

std::size_t edit_distance(std::string_view a, std::string_view b, std::size_t limit) {
  if (a.size() > kLongestWord || b.size() > kLongestWord) return limit + 1;
  if (a.size() > b.size() + limit || b.size() > a.size() + limit) return limit + 1;
  std::vector<std::size_t> two_up(b.size() + 1), up(b.size() + 1), row(b.size() + 1);
  for (std::size_t j = 0; j <= b.size(); ++j) up[j] = j;
  for (std::size_t i = 1; i <= a.size(); ++i) {
    row[0] = i;
    for (std::size_t j = 1; j <= b.size(); ++j) {
      const std::size_t substitution = up[j - 1] + (a[i - 1] == b[j - 1] ? 0U : 1U);
      row[j] = std::min({up[j] + 1, row[j - 1] + 1, substitution});
      if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1]) row[j] = std::min(row[j], two_up[j - 2] + 1);
    }
    two_up.swap(up);
    up.swap(row);
  }
  return std::min(up[b.size()], limit + 1);
}

std::string nearest(std::string_view word, const std::vector<std::string>& known) {
  const std::size_t limit = word.size() < 5 ? 1 : 2;
  std::size_t best = limit + 1;
  std::string found;
  for (const auto& candidate : known) {
    const auto distance = edit_distance(word, candidate, limit);
    if (distance < best) {
      best = distance;
      found = candidate;
    }
  }
  return found;
}

std::string synonym(std::string_view word, const std::vector<std::string>& known) {
  const std::string plain = snake(word);
  if (plain != word && contains(known, plain)) return plain;
  for (const auto& [from, to] : kSynonyms)
    if ((from == word || from == plain) && contains(known, to)) return std::string(to);
  return {};
}

std::string did_you_mean(std::string_view word, const std::vector<std::string>& known) {
  std::string answer = synonym(word, known);
  if (answer.empty()) answer = nearest(word, known);
  return answer.empty() ? answer : "did you mean '" + answer + "'?";
}

std::vector<std::string> split_words(std::string_view words) {
  std::vector<std::string> out;
  while (!words.empty()) {
    const auto bar = words.find('|');
    out.emplace_back(words.substr(0, bar));
    words = bar == std::string_view::npos ? std::string_view() : words.substr(bar + 1);
  }
  return out;
}

}  // namespace csiem::config
