// Status of a webhook's answer into a verdict.
// SPDX-License-Identifier: Apache-2.0
#include "webhook/response.hpp"

#include <algorithm>
#include <charconv>
#include <stdexcept>

#include "common/text.hpp"
#include "common/transport.hpp"

namespace csiem::webhook {
namespace {

// A receiver that answers 200 without the agreed text may be starting up; after this many attempts it means it.
constexpr uint32_t kUnconfirmedAttempts = 3;

int32_t by_table(int32_t status, bool conflict_is_success) noexcept {
  switch (status) {
    case 401:
    case 403:
      return CSIEM_AUTH;
    case 404:
    case 405:
    case 407:
    case 410:
    case 411:
    case 501:
    case 505:
      return CSIEM_CONFIG;
    case 408:
    case 425:
    case 429:
      return CSIEM_RETRY;
    case 409:
      return conflict_is_success ? CSIEM_DELIVERED : CSIEM_REJECT;
    case 413:
      return CSIEM_SPLIT;
    default:
      break;
  }
  if (status >= 300 && status < 400) return CSIEM_CONFIG;
  return status >= 400 && status < 500 ? CSIEM_REJECT : CSIEM_RETRY;
}

std::string redirect(const csiem_http_response& response) {
  const common::UrlParts to = common::url_parts(common::header_of(response, "location"));
  return "redirects are not followed" + (to.ok ? "; this one leads to " + common::excerpt(to.host, 100) : "");
}

}  // namespace

Codes Codes::parse(std::string_view text, std::string_view setting) {
  const auto refuse = [&](std::string_view what) {
    throw std::invalid_argument(std::string(setting) + ": '" + std::string(what) +
                                "' is not a status code or a range of them, as in \"200-299,304\"");
  };
  const auto number = [&](std::string_view digits, std::string_view whole) {
    int32_t value = 0;
    const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), value);
    if (error != std::errc() || end != digits.data() + digits.size() || value < 100 || value > 599) refuse(whole);
    return value;
  };
  Codes codes;
  while (!common::trimmed(text).empty()) {
    const auto comma = text.find(',');
    const std::string_view one = common::trimmed(text.substr(0, comma));
    const auto dash = one.find('-');
    const int32_t from = number(common::trimmed(one.substr(0, dash)), one);
    const int32_t to = dash == std::string_view::npos ? from : number(common::trimmed(one.substr(dash + 1)), one);
    if (to < from) refuse(one);
    codes.ranges_.emplace_back(from, to);
    if (comma == std::string_view::npos) break;
    text.remove_prefix(comma + 1);
  }
  return codes;
}

bool Codes::contain(int32_t status) const noexcept {
  return std::any_of(ranges_.begin(), ranges_.end(),
                     [&](const auto& range) { return status >= range.first && status <= range.second; });
}

Verdict read_answer(const csiem_http_response& response, const Rules& rules, uint32_t attempt) {
  if (response.transport != CSIEM_TRANSPORT_OK) return common::no_answer(response);
  const int32_t status = response.status;
  const bool success = rules.success.contain(status);
  if (success && view(response.body).find(rules.success_body_contains) != std::string_view::npos) return {};
  if (!success) {
    if (rules.retry.contain(status)) return common::by_status(CSIEM_RETRY, response);
    if (rules.reject.contain(status)) return common::by_status(CSIEM_REJECT, response);
  }
  if (success || (status >= 200 && status < 300)) {
    const int32_t outcome = attempt + 1 < kUnconfirmedAttempts ? CSIEM_RETRY : CSIEM_REJECT;
    Verdict verdict = common::by_status(outcome, response, success ? "the answer lacks the text of success" : "");
    verdict.code = "webhook.unconfirmed";
    return verdict;
  }
  const int32_t outcome = by_table(status, rules.conflict_is_success);
  if (outcome == CSIEM_DELIVERED) return {};
  return common::by_status(outcome, response, status >= 300 && status < 400 ? redirect(response) : std::string());
}

Verdict read_health(const csiem_http_response& response) {
  if (response.transport != CSIEM_TRANSPORT_OK) return common::no_answer(response);
  const int32_t status = response.status;
  if (status >= 200 && status < 300) return {};
  const int32_t outcome = by_table(status, false);
  // Whatever else is refused, the address or method of the check is not the right one.
  return common::by_status(outcome == CSIEM_AUTH || outcome == CSIEM_RETRY ? outcome : CSIEM_CONFIG, response,
                           status >= 300 && status < 400 ? redirect(response) : std::string());
}

}  // namespace csiem::webhook
