// Status of an answer into a verdict.
// SPDX-License-Identifier: Apache-2.0
#include "sumo_logic/response.hpp"

#include <boost/json.hpp>

#include "common/text.hpp"
#include "common/transport.hpp"

namespace csiem::sumo_logic {
namespace {

constexpr std::size_t kMaxWords = 256;

std::string text_of(const boost::json::object& object, const char* key) {
  const boost::json::value* value = object.if_contains(key);
  const boost::json::string* text = value == nullptr ? nullptr : value->if_string();
  return text == nullptr ? std::string() : without_code(common::excerpt({text->data(), text->size()}, kMaxWords));
}

int32_t outcome_of(int32_t status, const Sent& sent) noexcept {
  switch (status) {
    case 400:
    case 422:
      return CSIEM_REJECT;
    case 401:
      return CSIEM_AUTH;
    case 408:
      // Not complete within the source's 30 s: what has arrived may be kept. Less at a time arrives sooner.
      return sent.count > 1 ? CSIEM_SPLIT : CSIEM_RETRY;
    case 413:
      return CSIEM_SPLIT;
    case 425:
    case 429:
      return CSIEM_RETRY;
    default:
      return status >= 300 && status < 500 ? CSIEM_CONFIG : CSIEM_RETRY;
  }
}

std::string_view hint_of(int32_t status) noexcept {
  if (status >= 300 && status < 400) return "redirects are not followed, since the URL is the credential";
  switch (status) {
    case 401:
      return "the source's URL is wrong or was regenerated";
    case 403:
    case 404:
    case 405:
      return "there is no HTTP source at this URL";
    case 408:
      return "the source did not get the whole request in time and may have kept part of it";
    case 429:
      return "the account is over its rate or quota";
    default:
      return {};
  }
}

void read_success(const csiem_http_response& response, Reading& reading) {
  const std::string_view body = common::trimmed(view(response.body));
  if (body.empty()) return;
  if (common::looks_like_html(body)) {
    reading.verdict =
        Verdict::of(CSIEM_CONFIG, "sumo_logic.not_a_source", "an HTML page instead of the source's empty answer");
    return;
  }
  boost::json::error_code error;
  const boost::json::value value = boost::json::parse({body.data(), body.size()}, error);
  if (error || !value.is_object()) return;
  reading.warning_code = text_of(value.get_object(), "code");
  reading.warning = text_of(value.get_object(), "message");
}

}  // namespace

std::string without_code(std::string_view text) {
  constexpr std::string_view kBefore = "/http/";
  std::string out;
  while (true) {
    const auto at = text.find(kBefore);
    if (at == std::string_view::npos) break;
    out += text.substr(0, at + kBefore.size());
    out += "***";
    text.remove_prefix(at + kBefore.size());
    const auto end = text.find_first_of(" \t\r\n\"'<>&,;)");
    text.remove_prefix(end == std::string_view::npos ? text.size() : end);
  }
  out += text;
  return out;
}

Reading read_answer(const csiem_http_response& response, const Sent& sent) {
  Reading reading;
  if (response.transport != CSIEM_TRANSPORT_OK) {
    reading.verdict = common::no_answer(response);
    reading.verdict.message = without_code(reading.verdict.message);
    reading.endpoint_failed = true;
    return reading;
  }
  if (response.status >= 200 && response.status < 300) {
    read_success(response, reading);
    return reading;
  }
  const std::string_view body = view(response.body);
  const bool html = common::looks_like_html(body);
  std::string message(hint_of(response.status));
  const std::string words = html ? "an HTML page" : without_code(common::excerpt(body, kMaxWords));
  if (!words.empty()) message += (message.empty() ? "" : ": ") + words;
  reading.verdict = Verdict::of(outcome_of(response.status, sent), "http." + std::to_string(response.status),
                                std::move(message), response.retry_after_ms);
  reading.want_plain = response.status == 415 && sent.compressed;
  reading.endpoint_failed = response.status >= 500;
  return reading;
}

}  // namespace csiem::sumo_logic
