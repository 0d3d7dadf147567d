// Events of which the exporter itself is the agent, in the canonical form.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <csiem/json.hpp>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

namespace csiem::pipeline {

struct OwnEvent {
  std::string id;
  int64_t unix_ns = 0;
  std::string_view type, action, severity;
  bool allowed = true, success = true;
  bool ingested = false;  // it does not pass through the intake, which would write `ingested_at`
  std::string reason;
  std::string resource_name, resource_path;  // no path: the member is left out
  std::string_view label;                    // set to "true"; empty: no labels
};

// `host_name` is the agent's id and name; `metadata` writes the members of that object.
std::string own_event_json(const OwnEvent& event, std::string_view host_name,
                           const std::function<void(Json& json)>& metadata);

}  // namespace csiem::pipeline
