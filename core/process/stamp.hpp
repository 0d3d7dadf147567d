// What the daemon itself adds to an event before it is stored: time of receipt, environment, tenant, labels, canonical
// text. ATT&CK is added by the mapping (ingest), where the source's words are still known.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "base/buffer.hpp"
#include "event/batch.hpp"

namespace csiem::process {

struct StampSettings {
  std::string environment, tenant_id;  // fill empty fields only, unless `override_fields`
  bool override_fields = false;
  std::vector<std::pair<std::string, std::string>> labels;  // merged; the event's own win
};

// One thread; keeps a scratch buffer.
class Stamper {
 public:
  explicit Stamper(StampSettings settings) : settings_(std::move(settings)) {}
  // Completes the builder's events from `first` on and writes their canonical_json into its arena.
  void stamp(event::BatchBuilder& batch, std::size_t first, int64_t now_unix_ns);

 private:
  StampSettings settings_;
  Buffer scratch_;
};

}  // namespace csiem::process
