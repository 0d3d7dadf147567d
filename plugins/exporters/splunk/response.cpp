// Status and code of a HEC answer into verdicts.
// SPDX-License-Identifier: Apache-2.0
#include "splunk/response.hpp"

#include <boost/json/monotonic_resource.hpp>
#include <boost/json/parse.hpp>
#include <boost/json/value.hpp>
#include <optional>
#include <string>

#include "common/text.hpp"
#include "common/transport.hpp"

namespace csiem::splunk {
namespace {

// A body of exactly this size or less is taken by every deployment, so a complaint about its first byte is about data.
constexpr std::size_t kAlwaysFits = 1'000'000;
// With a verdict of "delivered" any wait at all tells the host to slow down.
constexpr uint32_t kSlowDownMs = 1'000;

// {"text":"Incorrect index","code":7,"invalid-event-number":2}; every member may be missing, and the whole may be HTML.
struct Answer {
  int64_t code = -1;
  std::optional<int64_t> event_number, ack_id;
  std::string text;
  bool is_json = false;
};

std::optional<int64_t> whole_number(const boost::json::object& object, std::string_view key) {
  const boost::json::value* value = object.if_contains({key.data(), key.size()});
  if (value == nullptr || !value->is_int64()) return std::nullopt;
  return value->get_int64();
}

Answer parse(std::string_view body) {
  Answer answer;
  unsigned char memory[2048];
  boost::json::monotonic_resource resource(memory, sizeof memory);
  boost::json::error_code error;
  const boost::json::value value = boost::json::parse({body.data(), body.size()}, error, &resource);
  if (error || !value.is_object()) {
    answer.text = common::looks_like_html(body) ? "an HTML page instead of a HEC answer" : common::excerpt(body);
    return answer;
  }
  answer.is_json = true;
  const boost::json::object& object = value.get_object();
  answer.code = whole_number(object, "code").value_or(-1);
  answer.event_number = whole_number(object, "invalid-event-number");
  answer.ack_id = whole_number(object, "ackId");
  if (const boost::json::value* text = object.if_contains("text"); text != nullptr && text->is_string())
    answer.text = common::excerpt({text->get_string().data(), text->get_string().size()});
  return answer;
}

Verdict verdict_of(int32_t outcome, const csiem_http_response& response, const Answer& answer) {
  std::string code =
      answer.code >= 0 ? "hec." + std::to_string(answer.code) : "http." + std::to_string(response.status);
  return Verdict::of(outcome, std::move(code), answer.text, response.retry_after_ms);
}

// Only HEC's own JSON says what became of events: a proxy, a login page or a wrong port answer 200 just as well. What
// looks like HEC's answer and is cut, or is missing altogether, tells nothing and is asked for again.
Verdict not_hec(const csiem_http_response& response, const Answer& answer) {
  const std::string_view body = view(response.body);
  const bool cut = response.status != 204 && (body.empty() || (body.front() == '{' && !answer.is_json));
  std::string text = body.empty() ? "an empty answer" : answer.text.empty() ? common::excerpt(body) : answer.text;
  return Verdict::of(cut ? CSIEM_RETRY : CSIEM_CONFIG, cut ? "splunk.answer_cut" : "splunk.not_hec", std::move(text),
                     response.retry_after_ms);
}

// HEC reads a batch in order and stops at the first object it cannot take: what stands before it is indexed, what
// comes after it has not been looked at.
void stopped_at(uint32_t bad, const csiem_http_response& response, const Sent& sent, const Answer& answer,
                Reading& reading) {
  Verdict& verdict = reading.verdict;
  if (sent.count == 1) return;  // the batch's own verdict says it all
  reading.partial = true;
  EventVerdict refused{bad, verdict.outcome, response.status, verdict.code, answer.text};
  verdict = Verdict::of(CSIEM_DELIVERED, verdict.code, answer.text);
  verdict.except.reserve(sent.count);
  for (uint32_t i = 0; i < sent.count; ++i) {
    if (i == bad)
      verdict.except.push_back(std::move(refused));
    else if (i > bad || !sent.trust_prefix)
      verdict.event(i, CSIEM_RETRY, response.status);
  }
}

void refused_one(const csiem_http_response& response, const Sent& sent, const Answer& answer, Reading& reading) {
  const bool wrong_index = answer.code == 7;
  // An index that every event shares can only be wrong for all of them. That is a setting to repair while the events
  // wait, not a fault of the events. Where the index comes from the event, one tenant must not stop the others.
  const int32_t outcome = wrong_index && !sent.index_varies ? CSIEM_CONFIG : CSIEM_REJECT;
  reading.verdict = verdict_of(outcome, response, answer);
  // Code 7 counts from one, the others from zero.
  int64_t bad = sent.raw ? -1 : answer.event_number.value_or(-1);
  if (wrong_index && bad >= 0) --bad;
  if (sent.raw && wrong_index && outcome == CSIEM_REJECT && sent.count > 1) {
    // They share their index.
    for (uint32_t i = 0; i < sent.count; ++i)
      reading.verdict.event(i, CSIEM_REJECT, response.status, reading.verdict.code, answer.text);
    return;
  }
  if (sent.raw && answer.code == 6 && sent.bytes > kAlwaysFits) reading.verdict.outcome = CSIEM_SPLIT;
  if (bad < 0 || bad >= int64_t{sent.count}) return;  // which one is unknown: the host finds out by halving
  if (outcome == CSIEM_CONFIG) {
    if (bad == 0 || !sent.trust_prefix) return;
    for (uint32_t i = 0; i < static_cast<uint32_t>(bad); ++i)
      reading.verdict.event(i, CSIEM_DELIVERED, response.status);
    return;
  }
  // One tenant's index, and the whole request is for it: each of the others would meet the same refusal.
  if (wrong_index && bad == 0 && sent.index_shared && sent.count > 1) {
    reading.verdict.except.reserve(sent.count);
    for (uint32_t i = 0; i < sent.count; ++i)
      reading.verdict.event(i, CSIEM_REJECT, response.status, reading.verdict.code, answer.text);
    return;
  }
  // Splunk Cloud says "invalid data format" about event 0 when it means that the request is too large.
  if (answer.code == 6 && bad == 0 && sent.bytes > kAlwaysFits) {
    reading.verdict.outcome = CSIEM_SPLIT;
    return;
  }
  stopped_at(static_cast<uint32_t>(bad), response, sent, answer, reading);
}

// What HEC says only when it has not taken everything, whatever the status in front of it.
bool is_failure(int64_t code) noexcept { return code >= 1 && code <= 28 && code != 17 && code != 24 && code != 25; }

// 400 and 422, and a failure inside of a success: the code decides.
void bad_request(const csiem_http_response& response, const Sent& sent, const Answer& answer, Reading& reading) {
  switch (answer.code) {
    case 6:   // invalid data format
    case 7:   // incorrect index
    case 12:  // event field is required
    case 13:  // event field cannot be blank
    case 15:  // error in handling indexed fields
      refused_one(response, sent, answer, reading);
      return;
    case 10:  // data channel is missing
    case 11:  // invalid data channel
    case 28:  // data channel is missing (Cloud)
      reading.want_new_channel = true;
      [[fallthrough]];
    case 14:  // acknowledgement is disabled
    case 16:  // query string authorization is not enabled
      reading.verdict = verdict_of(CSIEM_CONFIG, response, answer);
      return;
    case 1:
    case 2:
    case 3:
    case 4:
    case 21:
    case 22:
      reading.verdict = verdict_of(CSIEM_AUTH, response, answer);
      return;
    case 8:
    case 9:
    case 18:
    case 19:
    case 20:
    case 23:
    case 26:
    case 27:
      reading.endpoint_failed = true;
      reading.verdict = verdict_of(CSIEM_RETRY, response, answer);
      return;
    default:
      // Without a code it is not HEC that found fault, and so not with the events.
      reading.verdict = answer.code < 0 ? not_hec(response, answer) : verdict_of(CSIEM_REJECT, response, answer);
  }
}

}  // namespace

Reading read_answer(const csiem_http_response& response, const Sent& sent) {
  Reading reading;
  if (response.transport != CSIEM_TRANSPORT_OK) {
    reading.verdict = common::no_answer(response);
    reading.endpoint_failed = true;
    return reading;
  }
  const Answer answer = parse(view(response.body));
  reading.hec_code = answer.code;
  const int32_t status = response.status;
  if (status >= 200 && status < 300) {
    if (answer.code < 0) {
      reading.verdict = not_hec(response, answer);
      return reading;
    }
    if (is_failure(answer.code)) {
      bad_request(response, sent, answer, reading);
      return reading;
    }
    // Other codes come with 200, too: warnings, and what later versions have to say. The events were taken.
    reading.near_capacity = answer.code == 24 || answer.code == 25;
    if (reading.near_capacity) reading.verdict.retry_after_ms = kSlowDownMs;
    reading.ack_id = answer.ack_id;
    return reading;
  }
  if (status == 400 || status == 422) {
    bad_request(response, sent, answer, reading);
    return reading;
  }
  int32_t outcome = CSIEM_CONFIG;  // redirects, and what only something between us and HEC would say
  if (status == 401 || status == 403) outcome = CSIEM_AUTH;
  if (status == 413) outcome = CSIEM_SPLIT;
  if (status == 408 || status == 425 || status == 429 || status >= 500 || status < 200) {
    outcome = CSIEM_RETRY;
    reading.endpoint_failed = true;
  }
  // The channel holds as many unanswered acknowledgements as it may.
  reading.want_new_channel = answer.code == 27;
  reading.want_plain = status == 415 && sent.compressed;
  reading.verdict = verdict_of(outcome, response, answer);
  return reading;
}

Reading read_health(const csiem_http_response& response) {
  Sent nothing;
  Reading reading = read_answer(response, nothing);
  reading.want_plain = reading.want_new_channel = false;
  if (reading.verdict.outcome == CSIEM_REJECT || reading.verdict.outcome == CSIEM_SPLIT)
    reading.verdict.outcome = CSIEM_CONFIG;  // there is no event that could be refused
  return reading;
}

}  // namespace csiem::splunk
