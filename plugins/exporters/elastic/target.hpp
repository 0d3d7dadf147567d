// Where a document goes: the name of a data stream or an index, fixed or depending on the event.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <csiem/json.hpp>

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "common/template.hpp"

namespace csiem::elastic {

// Compiled from a setting once. One thread: write() remembers the last day it spelled.
class Target {
 public:
  // "logs-clawdstrike.security-{session.tenant_id|default}". Throws std::invalid_argument naming the rule that the
  // name breaks.
  static Target data_stream(std::string_view setting);
  // "clawdstrike", an alias, or with {date} one index per day of the event's time in UTC.
  static Target index(std::string_view setting);

  bool is_data_stream() const noexcept { return data_stream_; }
  bool varies() const noexcept { return pieces_.size() > 1 || pieces_.front().varies(); }
  // The name for this event, of characters that need no escaping in JSON. What comes from the event is lower-cased and
  // freed of everything that a name may not contain, as the cluster's own reroute processor does.
  void write(const csiem_event& event, Out& out);

 private:
  void write_date(int64_t unix_ns, Out& out);

  std::vector<common::Template> pieces_;  // with the date between each two
  bool data_stream_ = false;
  int64_t day_ = INT64_MIN;
  std::string day_text_;
};

// `label:base64(host[:port]$es_uuid[$kibana_uuid])` to the URL of the deployment. Throws std::invalid_argument.
std::string url_of_cloud_id(std::string_view cloud_id);

}  // namespace csiem::elastic
