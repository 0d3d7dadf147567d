// What a plugin said about a batch, copied and checked before anybody acts on it.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <csiem/plugin.h>

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace csiem::delivery {

struct Verdict {
  struct Named {
    uint32_t index;
    int32_t outcome;
    int32_t http_status;
    std::string code, text;
  };
  int32_t outcome = CSIEM_RETRY;  // of every event that is not named
  int64_t retry_after_ms = 0;
  std::string code, text;         // at most 1 KiB, valid UTF-8, secrets masked
  std::vector<Named> named;       // ascending, each index once
  std::string breach;             // what the plugin did wrong in saying so; empty: nothing
  uint32_t unknown_outcomes = 0;  // numbers of a newer plugin, read as RETRY
};

// Copies everything; `result` may die afterwards. `count` is the number of events in the batch. Never fails: what
// cannot be right is left out and named in `breach`.
Verdict read_verdict(const csiem_batch_result& result, uint32_t count);

// At most `max` bytes, cut between characters, invalid UTF-8 replaced by '?', secrets masked.
std::string clean_text(csiem_str text, std::size_t max = 1024);
std::string clean_text(std::string_view text, std::size_t max = 1024);

// "delivered", "retry", ...
std::string_view outcome_word(int32_t outcome);

}  // namespace csiem::delivery
