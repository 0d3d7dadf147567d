// Requests to /services/collector/raw: lines, with index, source, source type and host in the query.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <csiem/sdk/request.hpp>

#include <cstdint>
#include <string>
#include <vector>

#include "splunk/envelope.hpp"

namespace csiem::splunk {

// Events of one batch that may share a request, because what stands in the query is the same for them.
struct RawGroup {
  std::string query;              // "?index=main&source=…", percent-encoded; empty when nothing is set
  std::vector<uint32_t> members;  // of the batch, ascending
};

// In the order of each group's first event. `parts` as for the envelope; fields and time have no place here.
std::vector<RawGroup> raw_groups(const csiem_batch& batch, const Envelope::Parts& parts);
// One line: line breaks inside become \n, so that Splunk breaks the request where events end.
void add_raw_line(std::string_view body, bool json, Request& out);

}  // namespace csiem::splunk
