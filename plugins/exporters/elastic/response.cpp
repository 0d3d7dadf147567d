// Request status and item status into verdicts.
// SPDX-License-Identifier: Apache-2.0
#include "elastic/response.hpp"

#include <charconv>
#include <optional>
#include <string>
#include <string_view>

#include "common/text.hpp"
#include "common/transport.hpp"
#include "elastic/items.hpp"

namespace csiem::elastic {
namespace {

// A batch that met the same 500 or an unexplained 429 this often may itself be the reason.
constexpr uint32_t kPatience500 = 5, kPatience429 = 2;
constexpr std::size_t kSmall = 1'000'000;

// The pipeline is a setting; everything else about a 400 is in the documents.
bool lacks_pipeline(std::string_view reason) noexcept {
  return reason.find("pipeline with id") != std::string_view::npos &&
         reason.find("does not exist") != std::string_view::npos;
}

int32_t outcome_of(const Item& item) noexcept {
  const int64_t status = item.status;
  if (status >= 200 && status < 300) return CSIEM_DELIVERED;
  switch (status) {
    case 409:  // create met its own earlier attempt
      return CSIEM_DELIVERED;
    case 400:
      return item.type == "invalid_index_name_exception" || lacks_pipeline(item.reason) ? CSIEM_CONFIG : CSIEM_REJECT;
    case 403:
      return item.type == "cluster_block_exception" ? CSIEM_CONFIG : CSIEM_AUTH;
    case 404:
      return CSIEM_CONFIG;
    case 408:
    case 429:
      return CSIEM_RETRY;
    default:
      return status >= 400 && status < 500 ? CSIEM_REJECT : CSIEM_RETRY;
  }
}

// Turns items into exceptions of the batch's verdict.
class Verdicts final : public ItemSink {
 public:
  Verdicts(uint32_t count, Reading& reading) : count_(count), reading_(reading) {}

  void item(uint64_t position, const Item& item) override {
    if (position >= count_) return;
    const int32_t outcome = outcome_of(item);
    if (outcome == CSIEM_DELIVERED) {
      if (item.status == 409) ++reading_.conflicts;
      if (item.failure_store) ++reading_.failure_store;
      return;
    }
    reading_.verdict.event(static_cast<uint32_t>(position), outcome, static_cast<int32_t>(item.status),
                           item.type.empty() ? "es." + std::to_string(item.status) : "es." + item.type, item.reason);
  }

 private:
  uint32_t count_;
  Reading& reading_;
};

// When every document failed the same way, the batch says so itself.
void summarise(uint32_t count, Verdict& verdict) {
  if (verdict.except.size() != count || count == 0) return;
  for (const EventVerdict& one : verdict.except)
    if (one.outcome != verdict.except.front().outcome) return;
  verdict.outcome = verdict.except.front().outcome;
  verdict.code = verdict.except.front().code;
  verdict.message = verdict.except.front().message;
}

// "errors" stands before "items", so its value can be seen without reading either.
bool says_no_errors(std::string_view body) noexcept {
  const std::string_view head = body.substr(0, body.substr(0, 256).find('['));
  return !head.empty() && head.front() == '{' && head.substr(0, 256).find("\"errors\":false") != std::string_view::npos;
}

void read_bulk(const csiem_http_response& response, const Sent& sent, Reading& reading) {
  const std::string_view body = view(response.body);
  const bool cut = (response.flags & CSIEM_RESPONSE_TRUNCATED) != 0;
  Verdict& verdict = reading.verdict;
  if (says_no_errors(body) && body.find("\"failure_store\":\"used\"") == std::string_view::npos) return;
  if (common::looks_like_html(body)) {
    verdict = Verdict::of(CSIEM_CONFIG, "es.not_elasticsearch", "an HTML page instead of an answer to _bulk");
    return;
  }
  Verdicts verdicts(sent.count, reading);
  const ItemsRead read = read_items(body, cut, verdicts);
  if (cut && !read.broken && read.items > 0 && read.items <= sent.count) {
    // More errors than an answer has room for. The items that can be seen count; the others come again.
    for (auto i = static_cast<uint32_t>(read.items); i < sent.count; ++i)
      verdict.event(i, CSIEM_RETRY, response.status, "es.answer_cut");
  } else if (!read.whole || read.items != sent.count) {
    // Which item belongs to which document is unknown. The ids make sending all of them again safe.
    reading = {};
    const bool halve = cut && !read.broken && read.items == 0 && sent.count > 1;
    verdict =
        Verdict::of(halve ? CSIEM_SPLIT : CSIEM_RETRY, read.whole ? "es.items_mismatch" : "es.bad_answer",
                    read.whole ? std::to_string(read.items) + " items for " + std::to_string(sent.count) + " documents"
                               : common::excerpt(body, 200));
  }
  summarise(sent.count, verdict);
  verdict.retry_after_ms = response.retry_after_ms;
}

std::optional<uint64_t> number_after(std::string_view text, std::string_view name) noexcept {
  const auto at = text.find(name);
  if (at == std::string_view::npos) return std::nullopt;
  const std::string_view digits = text.substr(at + name.size());
  uint64_t value = 0;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), value);
  if (error != std::errc()) return std::nullopt;
  return value;
}

// Whether waiting is pointless because this batch alone is over the cluster's limit.
bool too_much_at_once(std::string_view body, const Sent& sent) noexcept {
  const auto asked = number_after(body, "coordinating_operation_bytes=");
  auto most = number_after(body, "max_coordinating_and_primary_bytes=");
  if (!most) most = number_after(body, "max_coordinating_bytes=");
  if (asked && most) return *asked > *most;
  return sent.attempt >= kPatience429 && sent.bytes > kSmall && sent.count > 1;
}

bool contains(std::string_view text, std::string_view part) noexcept {
  return text.find(part) != std::string_view::npos;
}

int32_t outcome_of_request(const csiem_http_response& response, const Sent& sent) noexcept {
  const std::string_view body = view(response.body);
  switch (response.status) {
    case 400:
      if (lacks_pipeline(body)) return CSIEM_CONFIG;
      // A proxy's page is no judgement of documents.
      return common::looks_like_html(body) ? CSIEM_CONFIG : CSIEM_REJECT;
    case 401:
      return CSIEM_AUTH;
    case 403:
      return contains(body, "cluster_block_exception") ? CSIEM_CONFIG : CSIEM_AUTH;
    case 404:
    case 405:
    case 406:
    case 410:
    case 415:
      return CSIEM_CONFIG;
    case 408:
    case 425:
      return CSIEM_RETRY;
    case 413:
      return CSIEM_SPLIT;
    case 429:
      return too_much_at_once(body, sent) ? CSIEM_SPLIT : CSIEM_RETRY;
    case 500:
      return sent.attempt >= kPatience500 && sent.count > 1 ? CSIEM_SPLIT : CSIEM_RETRY;
    default:
      // Other 4xx and redirects come from something between us and the cluster, never from a document.
      return response.status >= 300 && response.status < 500 ? CSIEM_CONFIG : CSIEM_RETRY;
  }
}

// {"error":{"root_cause":[…],"type":"security_exception",…}} -> "es.security_exception"
std::string code_of(std::string_view body, int32_t status) {
  constexpr std::string_view kType = "\"type\":\"";
  const auto at = body.find(kType);
  if (at != std::string_view::npos) {
    const std::string_view rest = body.substr(at + kType.size(), 80);
    const std::string_view type = rest.substr(0, rest.find('"'));
    if (!type.empty() && type.find_first_not_of("abcdefghijklmnopqrstuvwxyz_") == std::string_view::npos)
      return "es." + std::string(type);
  }
  return "http." + std::to_string(status);
}

}  // namespace

Reading read_answer(const csiem_http_response& response, const Sent& sent) {
  Reading reading;
  if (response.transport != CSIEM_TRANSPORT_OK) {
    reading.verdict = common::no_answer(response);
    reading.node_failed = true;
    return reading;
  }
  if (response.status >= 200 && response.status < 300) {
    read_bulk(response, sent, reading);
    return reading;
  }
  reading.node_failed = response.status == 502 || response.status == 503 || response.status == 504;
  reading.verdict = common::by_status(outcome_of_request(response, sent), response);
  reading.verdict.code = code_of(view(response.body), response.status);
  return reading;
}

Reading read_health(const csiem_http_response& response) {
  Reading reading;
  if (response.transport == CSIEM_TRANSPORT_OK && response.status >= 200 && response.status < 300) {
    if (common::looks_like_html(view(response.body)))
      reading.verdict =
          Verdict::of(CSIEM_CONFIG, "es.not_elasticsearch", "an HTML page instead of cluster information");
    return reading;
  }
  // A key that may only write documents is known to the cluster all the same.
  if (response.transport == CSIEM_TRANSPORT_OK && response.status == 403) return reading;
  reading = read_answer(response, Sent{});
  if (reading.verdict.outcome == CSIEM_REJECT || reading.verdict.outcome == CSIEM_SPLIT)
    reading.verdict.outcome = CSIEM_CONFIG;  // there is no document that could be refused
  return reading;
}

}  // namespace csiem::elastic
