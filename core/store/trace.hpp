// What became of one event, as far as the store still knows it.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "store/store.hpp"

namespace csiem::store {

struct EventTrace {
  Sequence sequence = 0;         // 0: not known
  bool in_log = false;           // false: every exporter has passed it
  int64_t accepted_unix_ns = 0;  // 0: not known
  int severity = 0;              // in the log only
  std::string event_json;        // canonical, in the log only

  enum class Place {
    queued,
    settled,  // delivered, filtered or dropped by a policy: the log does not say which
    dead_letter,
    before_start  // the exporter begins behind it
  };
  struct Exporter {
    std::string id;
    Place place = Place::queued;
    bool drops = false;       // its policies have dropped events, so that a settled one may be among those
    std::string letter_json;  // of a dead letter, the whole envelope
  };
  std::vector<Exporter> exporters;
};

}  // namespace csiem::store
