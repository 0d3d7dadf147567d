// Which events a lane, or the whole daemon, keeps.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <csiem/plugin.h>

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "process/expression.hpp"

namespace csiem::process {

struct FilterSettings {
  int32_t min_severity = CSIEM_SEV_INFO;
  std::vector<std::string> include_types{}, exclude_types{};    // event_type words; an empty include list keeps all
  std::vector<std::string> include_guards{}, exclude_guards{};  // compared by guard class (events.md B.3)
  std::vector<std::string> include_tenants{}, exclude_tenants{};
  std::shared_ptr<const Expression> when{};  // null: true
};

// Immutable and cheap to share.
class Filter {
 public:
  explicit Filter(FilterSettings settings);
  // Null when the event is kept, else the word for the metric: severity, type, guard, tenant, when. Static text.
  const char* refusal(const csiem_event& event, int64_t now_unix_ns) const;
  bool keeps_all() const;

 private:
  FilterSettings settings_;
};

}  // namespace csiem::process
