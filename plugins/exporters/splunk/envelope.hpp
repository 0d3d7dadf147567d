// The JSON object around each event: {"time":…,"host":…,"event":…,"fields":{…}}.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <csiem/sdk/request.hpp>

#include <string>
#include <string_view>
#include <vector>

#include "common/template.hpp"

namespace csiem::splunk {

// Compiled from the settings once; immutable.
class Envelope {
 public:
  struct Parts {
    common::Template host, source, sourcetype, index;  // an empty one leaves the key to the token's default
    std::vector<std::string> indexed_fields;           // names as in common::kEventFields
    bool time = true;
  };
  // Throws std::invalid_argument for an indexed field that events do not have.
  explicit Envelope(const Parts& parts);

  // Appends one line. `body` is borrowed by the request when it is JSON and copied as a JSON string when not.
  void write(const csiem_event& event, csiem_str body, bool body_is_json, Request& out) const;

 private:
  struct Indexed {
    std::string key;  // "\"event_id\":"
    csiem_str csiem_event::*member;
  };
  void head(const csiem_event& event, Out& out) const;
  void tail(const csiem_event& event, Out& out) const;

  common::Template middle_;  // from the time to the event
  std::vector<Indexed> indexed_;
  bool time_;
};

// Seconds since 1970 with exactly three decimals, rounded down: HEC's `time`.
void write_time(int64_t unix_ns, Out& out);

}  // namespace csiem::splunk
