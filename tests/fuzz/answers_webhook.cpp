// Any answer of a webhook gives one verdict about the request, and nothing else.
// SPDX-License-Identifier: Apache-2.0
#include "answers.hpp"
#include "webhook/response.hpp"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, std::size_t size) {
  const csiem::fuzz::AnswerInput input(data, size);
  if (input.count == 0) return 0;
  csiem::webhook::Rules rules;
  rules.success = csiem::webhook::Codes::parse(input.option_a ? "200-204" : "100-599", "success_codes");
  rules.retry = csiem::webhook::Codes::parse(input.option_b ? "404,500-503" : "", "retry_codes");
  if (input.option_b) rules.success_body_contains = "ok";
  rules.conflict_is_success = input.option_a;
  csiem_http_response response = input.response;
  // The same bytes as a Location: a redirect is the one answer of which a header is read.
  const csiem_kv location = {csiem::str("location"), response.body};
  response.headers = &location;
  response.header_count = 1;
  const csiem::Verdict verdict = csiem::webhook::read_answer(response, rules, input.attempt);
  csiem::fuzz::check(verdict, 0);
  return 0;
}
