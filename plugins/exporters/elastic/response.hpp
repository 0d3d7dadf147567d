// What an answer of _bulk means for each document. Pure functions.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <csiem/sdk/host.hpp>

#include <cstddef>
#include <cstdint>

namespace csiem::elastic {

// What was asked.
struct Sent {
  uint32_t count = 0;     // documents
  std::size_t bytes = 0;  // of the body, uncompressed
  uint32_t attempt = 0;   // of the batch, 0 on the first
};

struct Reading {
  Verdict verdict;
  bool node_failed = false;    // another node may do better
  uint32_t conflicts = 0;      // documents that an earlier attempt had stored
  uint32_t failure_store = 0;  // documents that the cluster took but set aside
};

// Never throws anything but std::bad_alloc; never names an index outside of the batch.
Reading read_answer(const csiem_http_response& response, const Sent& sent);
// Of GET /.
Reading read_health(const csiem_http_response& response);

}  // namespace csiem::elastic
