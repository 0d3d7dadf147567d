// Whether the daemon does what it is configured to do.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "admin/snapshot.hpp"

namespace csiem::admin {

// One thing that was looked at.
struct Check {
  std::string_view kind;  // daemon, store, source, exporter
  std::string id;         // empty for the daemon
  int code = 0;           // of messages.def; 0: passed
  std::string message;
  bool counts = true;  // for readiness; exporters that are not `required` are shown only
  bool passed() const noexcept { return code == 0; }
};

// Everything that readiness depends on (ux.md 8): not draining, the store taking events, every source without a
// problem, every required exporter started and healthy.
std::vector<Check> readiness(const Snapshot& snapshot);
bool ready(const std::vector<Check>& checks);

}  // namespace csiem::admin
