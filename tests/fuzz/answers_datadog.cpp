// Any answer of Datadog gives one verdict about the request, and nothing else.
// SPDX-License-Identifier: Apache-2.0
#include "answers.hpp"
#include "datadog/response.hpp"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, std::size_t size) {
  const csiem::fuzz::AnswerInput input(data, size);
  if (input.count == 0) return 0;
  csiem_http_response response = input.response;
  // The same bytes as the one header that is read.
  const csiem_kv reset = {csiem::str("x-ratelimit-reset"), response.body};
  response.headers = &reset;
  response.header_count = 1;
  csiem::fuzz::check(csiem::datadog::read_answer(response, {input.count, input.attempt, input.option_a}).verdict, 0);
  csiem::fuzz::check(csiem::datadog::read_health(response), 0);
  return 0;
}
