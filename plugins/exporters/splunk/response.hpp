// What an answer of the HTTP Event Collector means for the events of a request. Pure functions.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <csiem/sdk/host.hpp>

#include <cstddef>
#include <cstdint>
#include <optional>

namespace csiem::splunk {

// What was asked.
struct Sent {
  uint32_t count = 0;     // events
  std::size_t bytes = 0;  // of the body, uncompressed
  bool compressed = false;
  bool index_varies = false;  // the index depends on the event
  bool index_shared = true;   // all events of this request go to one index all the same
  bool trust_prefix = true;   // events before the refused one count as delivered
  bool raw = false;           // lines, not envelopes: no answer can name one of them
};

// The verdict, and what the exporter itself should do about it.
struct Reading {
  Verdict verdict;
  int64_t hec_code = -1;          // "code" of the answer
  bool endpoint_failed = false;   // another endpoint may do better
  bool near_capacity = false;     // accepted, but the collector asks to slow down
  std::optional<int64_t> ack_id;  // accepted, and the indexer will acknowledge under this number
  bool partial = false;           // some events taken, one refused, the rest not looked at
  bool want_new_channel = false;  // would be worth one attempt on a fresh channel
  bool want_plain = false;        // would be worth one attempt without compression
};

// Never throws anything but std::bad_alloc; never names an index outside of the batch.
Reading read_answer(const csiem_http_response& response, const Sent& sent);
// Of GET /services/collector/health.
Reading read_health(const csiem_http_response& response);

}  // namespace csiem::splunk
