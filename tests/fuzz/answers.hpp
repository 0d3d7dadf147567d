// What the fuzz targets for answers share: an answer made of the fuzzer's bytes, and the rule every verdict must obey.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <csiem/sdk/host.hpp>

#include <cstdint>
#include <cstdlib>
#include <string_view>
#include <vector>

namespace csiem::fuzz {

// Byte 0 chooses status or transport failure, byte 1 flags and events, the rest is the body.
struct AnswerInput {
  csiem_http_response response{};
  uint32_t count = 0, attempt = 0;
  bool option_a = false, option_b = false;
  std::size_t bytes = 0;

  AnswerInput(const uint8_t* data, std::size_t size) {
    static constexpr int32_t kStatus[] = {200, 201, 207, 301, 400, 401, 403, 404, 409, 410,
                                          413, 415, 422, 429, 500, 503, 0,   999, -1};
    response.struct_size = sizeof response;
    if (size < 2) return;
    response.status = kStatus[data[0] % std::size(kStatus)];
    if (data[0] >= 250) response.transport = data[0] - 249;
    response.flags = data[1] & 3u;
    count = (data[1] >> 2 & 7u) + 1;
    option_a = (data[1] & 0x20u) != 0;
    option_b = (data[1] & 0x40u) != 0;
    attempt = (data[1] & 0x80u) != 0 ? 9 : 0;
    bytes = option_b ? 6'000'000 : 1000;
    response.body = {reinterpret_cast<const char*>(data + 2), size - 2};
  }
};

// Every index inside of the batch and at most once, every outcome one that exists.
inline void check(const Verdict& verdict, uint32_t count) {
  const auto known = [](int32_t outcome) { return outcome >= CSIEM_DELIVERED && outcome <= CSIEM_SKIPPED; };
  if (!known(verdict.outcome)) std::abort();
  std::vector<bool> seen(count);
  for (const EventVerdict& one : verdict.except) {
    if (one.index >= count || seen[one.index] || !known(one.outcome)) std::abort();
    seen[one.index] = true;
  }
}

}  // namespace csiem::fuzz
