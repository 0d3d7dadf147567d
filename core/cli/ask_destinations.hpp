// Asking every destination how it is, outside of the daemon: stage 7 of validate.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "config/config.hpp"
#include "delivery/health.hpp"
#include "plugin/registry.hpp"

namespace csiem::cli {

struct Asked {
  std::string exporter;
  enum class Kind {
    answered,      // `report` is what came out
    nothing,       // it has nothing to ask: known from its deliveries alone
    unresolved,    // a credential that it needs is not there
    not_creatable  // its plugin did not take its settings
  } kind = Kind::nothing;
  delivery::HealthReport report;
};

// Makes an instance of each enabled exporter in a lane of its own that gets no event, lets it ask its destinations, and
// takes it down again; in the order of the configuration. Each has its `timeout`, at most ten seconds. Sends nothing
// but what the plugins ask, opens no store.
std::vector<Asked> ask_destinations(const config::Configuration& configuration, plugin::Registry& plugins);

}  // namespace csiem::cli
