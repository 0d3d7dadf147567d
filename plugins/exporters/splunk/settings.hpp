// The settings of the exporter, read once and checked.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <csiem/sdk/config.hpp>

#include <cstdint>
#include <string>
#include <vector>

#include "common/endpoints.hpp"
#include "common/template.hpp"
#include "splunk/envelope.hpp"

namespace csiem::splunk {

enum class UseAck { no, yes, automatic };

// How to wait for indexers. Times in milliseconds.
struct AckSettings {
  UseAck use = UseAck::automatic;
  std::string channel;  // of the first channel of each endpoint; empty: random
  int64_t poll_ms = 1'000, timeout_ms = 300'000;
  std::size_t max_pending = 1'000;  // batches
};

// Each complains through config.refuse(), so that an operator hears of every mistake at once.
common::Endpoints endpoints_of(const Config& config);
Envelope::Parts envelope_parts(const Config& config, std::string_view default_sourcetype);
common::Template index_of(const Config& config);
AckSettings ack_settings(const Config& config);
// Batches that some collector refuses for their size.
void check_batch_size(const Config& config, const common::Endpoints& endpoints);

}  // namespace csiem::splunk
