#include "config/suggest.hpp"

#include <algorithm>
#include <csiem/sdk/edit_distance.hpp>

namespace csiem::config {
namespace {

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
