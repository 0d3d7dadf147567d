// One syslog message, read more strictly than receivers do.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace csiem::doubles {

struct SyslogMessage {
  int format = 5424;  // or 3164
  unsigned priority = 0;
  std::string_view time, host, app, process, id, data, text;  // RFC 3164: app is the tag; empty: absent
};

// Nothing, and `problem` says which rule is broken. The views point into `message`.
std::optional<SyslogMessage> parse_syslog(std::string_view message, std::string* problem);

// The event's id in the text of a message: externalId of CEF, event_id of key=value text, or as event_id_of().
std::string event_id_in(std::string_view text);

}  // namespace csiem::doubles
