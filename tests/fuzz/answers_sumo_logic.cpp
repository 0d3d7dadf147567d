// Any answer of an HTTP source gives one verdict about the request, and nothing else.
// SPDX-License-Identifier: Apache-2.0
#include "answers.hpp"
#include "sumo_logic/response.hpp"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, std::size_t size) {
  const csiem::fuzz::AnswerInput input(data, size);
  if (input.count == 0) return 0;
  const auto reading = csiem::sumo_logic::read_answer(input.response, {input.count, input.option_a});
  csiem::fuzz::check(reading.verdict, 0);
  return 0;
}
