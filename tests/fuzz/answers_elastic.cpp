// Any answer of _bulk gives a verdict about the batch that was sent, and nothing else.
// SPDX-License-Identifier: Apache-2.0
#include "answers.hpp"
#include "elastic/response.hpp"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, std::size_t size) {
  const csiem::fuzz::AnswerInput input(data, size);
  if (input.count == 0) return 0;
  csiem::elastic::Sent sent;
  sent.count = input.count;
  sent.bytes = input.bytes;
  sent.attempt = input.attempt;
  const auto reading = csiem::elastic::read_answer(input.response, sent);
  csiem::fuzz::check(reading.verdict, input.count);
  if (reading.conflicts + reading.failure_store > 2 * input.count) std::abort();
  csiem::fuzz::check(csiem::elastic::read_health(input.response).verdict, 0);
  return 0;
}
