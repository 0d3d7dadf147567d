// What became of one event, as JSON: the command prints it, the admin interface answers with it.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "config/config.hpp"
#include "store/trace.hpp"

namespace csiem::cli {

// Ends with a line break. `waiting(exporter)`: why one has not got to the event, in words.
std::string trace_document(const store::EventTrace& trace, const std::string& event_id,
                           const std::vector<config::Exporter>& exporters,
                           const std::function<std::string(const std::string& exporter)>& waiting);

// For a person: that nobody knows the event.
std::string unknown_event_text(const std::string& event_id);

}  // namespace csiem::cli
