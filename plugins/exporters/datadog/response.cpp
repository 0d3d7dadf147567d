// Status and errors of an answer into a verdict.
// SPDX-License-Identifier: Apache-2.0
#include "datadog/response.hpp"

#include <algorithm>
#include <boost/json.hpp>
#include <charconv>
#include <string>
#include <string_view>

#include "common/text.hpp"
#include "common/transport.hpp"

namespace csiem::datadog {
namespace {

constexpr std::size_t kMaxWords = 512;
// A 2xx that names errors may be a hiccup; after this many attempts it is meant.
constexpr uint32_t kUnconfirmedAttempts = 3;
constexpr uint32_t kLongestPauseMs = 3'600'000;

std::string_view text_of(const boost::json::object& object, const char* key) {
  const boost::json::value* value = object.if_contains(key);
  const boost::json::string* text = value == nullptr ? nullptr : value->if_string();
  return text == nullptr ? std::string_view() : std::string_view(text->data(), text->size());
}

// {"errors":[{"status":"403","title":"Forbidden","detail":"..."}]} of the intake, {"errors":["text"]} of the API.
struct Answer {
  bool is_json = false, has_errors = false, invalid_key = false;
  std::string words;
};

void add_words(std::string_view text, std::string& out) {
  if (text.empty() || out.size() >= kMaxWords) return;
  if (!out.empty()) out += ": ";
  out += common::excerpt(text, kMaxWords - out.size());
}

Answer parse(std::string_view body) {
  Answer answer;
  unsigned char memory[4096];
  boost::json::monotonic_resource resource(memory, sizeof memory);
  boost::json::error_code error;
  const boost::json::value value = boost::json::parse({body.data(), body.size()}, error, &resource);
  if (error || !value.is_object()) {
    answer.words =
        common::looks_like_html(body) ? "an HTML page instead of Datadog's answer" : common::excerpt(body, kMaxWords);
    return answer;
  }
  answer.is_json = true;
  const boost::json::object& object = value.get_object();
  if (const boost::json::value* valid = object.if_contains("valid"))
    answer.invalid_key = valid->is_bool() && !valid->get_bool();
  const boost::json::value* errors = object.if_contains("errors");
  const boost::json::array* list = errors == nullptr ? nullptr : errors->if_array();
  if (list == nullptr) return answer;
  answer.has_errors = !list->empty();
  for (const boost::json::value& one : *list) {
    if (const boost::json::string* text = one.if_string()) add_words({text->data(), text->size()}, answer.words);
    if (const boost::json::object* parts = one.if_object()) {
      add_words(text_of(*parts, "title"), answer.words);
      add_words(text_of(*parts, "detail"), answer.words);
    }
  }
  return answer;
}

// Seconds until the limit is lifted, where the answer has no Retry-After.
uint32_t pause_ms(const csiem_http_response& response) {
  if (response.retry_after_ms > 0) return response.retry_after_ms;
  const std::string_view text = common::trimmed(common::header_of(response, "x-ratelimit-reset"));
  uint32_t seconds = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), seconds);
  if (error != std::errc() || end != text.data() + text.size()) return 0;
  return std::min(seconds, kLongestPauseMs / 1000) * 1000;
}

int32_t outcome_of(const csiem_http_response& response, const Answer& answer) {
  switch (response.status) {
    case 400:
      // A proxy's page is no judgement of logs, and neither is a wrong address.
      return !answer.is_json || answer.words.find("path is invalid") != std::string::npos ? CSIEM_CONFIG : CSIEM_REJECT;
    case 422:
      return CSIEM_REJECT;
    case 401:
    case 403:
      return CSIEM_AUTH;
    case 408:
    case 425:
    case 429:
      return CSIEM_RETRY;
    case 413:
      return CSIEM_SPLIT;
    default:
      // 404, 405, 414, 415, 431 and redirects are about the address or something between, never about a log.
      return response.status >= 300 && response.status < 500 ? CSIEM_CONFIG : CSIEM_RETRY;
  }
}

std::string_view hint_of(int32_t status) noexcept {
  if (status >= 300 && status < 400) return "redirects are not followed";
  if (status == 401) return "the intake saw no API key";
  if (status == 403) return "the API key is wrong, revoked, or belongs to another site";
  return {};
}

Verdict verdict_of(int32_t outcome, const csiem_http_response& response, const Answer& answer) {
  std::string message(hint_of(response.status));
  add_words(answer.words, message);
  return Verdict::of(outcome, "http." + std::to_string(response.status), std::move(message), pause_ms(response));
}

Verdict read_success(const csiem_http_response& response, const Sent& sent) {
  const std::string_view body = common::trimmed(view(response.body));
  if (body.empty() || body == "{}") return {};
  const Answer answer = parse(body);
  if (common::looks_like_html(body)) {
    Verdict verdict = verdict_of(CSIEM_CONFIG, response, answer);
    verdict.code = "datadog.not_datadog";
    return verdict;
  }
  if (!answer.has_errors) return {};
  Verdict verdict = verdict_of(sent.attempt + 1 < kUnconfirmedAttempts ? CSIEM_RETRY : CSIEM_REJECT, response, answer);
  verdict.code = "datadog.errors";
  return verdict;
}

}  // namespace

Reading read_answer(const csiem_http_response& response, const Sent& sent) {
  Reading reading;
  if (response.transport != CSIEM_TRANSPORT_OK) {
    reading.verdict = common::no_answer(response);
  } else if (response.status >= 200 && response.status < 300) {
    reading.verdict = read_success(response, sent);
  } else {
    const Answer answer = parse(view(response.body));
    reading.verdict = verdict_of(outcome_of(response, answer), response, answer);
    if (response.status == 400 && !answer.is_json) reading.verdict.code = "datadog.not_datadog";
    reading.want_plain = response.status == 415 && sent.compressed;
  }
  return reading;
}

Verdict read_health(const csiem_http_response& response) {
  Verdict verdict = read_answer(response, {0, kUnconfirmedAttempts, false}).verdict;
  if (verdict.outcome == CSIEM_DELIVERED && parse(view(response.body)).invalid_key)
    return Verdict::of(CSIEM_AUTH, "datadog.invalid_key", "Datadog says that the API key is not valid");
  // There is no log that could be refused or be too large.
  if (verdict.outcome == CSIEM_REJECT || verdict.outcome == CSIEM_SPLIT) verdict.outcome = CSIEM_CONFIG;
  return verdict;
}

}  // namespace csiem::datadog
