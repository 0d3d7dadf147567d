// Any answer of a HEC endpoint gives a verdict about the batch that was sent, and nothing else.
// SPDX-License-Identifier: Apache-2.0
#include "answers.hpp"
#include "splunk/response.hpp"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, std::size_t size) {
  const csiem::fuzz::AnswerInput input(data, size);
  if (input.count == 0) return 0;
  csiem::splunk::Sent sent;
  sent.count = input.count;
  sent.bytes = input.bytes;
  sent.compressed = input.option_b;
  sent.index_varies = input.option_a;
  sent.trust_prefix = input.attempt == 0;
  csiem::fuzz::check(csiem::splunk::read_answer(input.response, sent).verdict, input.count);
  csiem::fuzz::check(csiem::splunk::read_health(input.response).verdict, 0);
  return 0;
}
