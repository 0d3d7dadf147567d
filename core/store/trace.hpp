// What became of one event, as far as the store still knows it.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"
#include "store/store.hpp"

namespace csiem::store {

struct EventTrace {
  Sequence sequence = 0;         // 0: not known
  bool in_log = false;           // false: every exporter has passed it
  int64_t accepted_unix_ns = 0;  // 0: not known
  int severity = 0;              // in the log only
  std::string event_json;        // canonical, in the log only
  std::string source;            // its id, in the log only
  std::string position;          // the source's checkpoint behind the block of the event, in the log only

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

class Database;

// Calls its argument with the database, which stays open during the call.
using WithDatabase = std::function<Result<void>(const std::function<Result<void>(const Database&)>&)>;
// Nothing when neither the log, nor the ids of the last hour, nor a dead letter know the event. Looks through the whole
// log, in portions, so that neither a daemon's writing nor its opening again has to wait for the end.
Result<std::optional<EventTrace>> trace_event(const WithDatabase& with, std::string_view event_id);

}  // namespace csiem::store
