// The part of a message in front of its text: RFC 5424 section 6 and RFC 3164 section 4.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <csiem/plugin.h>

#include <array>
#include <cstdint>
#include <string>
#include <string_view>

namespace csiem::syslog {

struct HeaderSettings {
  bool rfc3164 = false;
  uint32_t facility = 16;                              // local0
  std::array<uint32_t, 5> severity = {6, 5, 4, 3, 2};  // by CSIEM_SEV_*
  std::string host_name = "-";                         // printable ASCII without space, at most 255
  std::string app_name = "clawdstrike";                // RFC 5424 only, at most 48
  std::string process_id = "-";
  bool local_time = false;          // RFC 3164 only; else UTC
  std::string tag = "clawdstrike";  // RFC 3164 only; empty: none, as ArcSight's own examples
  uint32_t enterprise_id = 0;       // of the structured data; 0: none
};

// Appends everything up to where the text begins. `now_unix_ns` stands in for an event without a time.
void append_header(const HeaderSettings& settings, const csiem_event& event, int64_t now_unix_ns, std::string& out);

// Whether a setting may stand in a header field: printable ASCII without space, at most `limit` bytes, not empty.
bool is_header_word(std::string_view text, std::size_t limit) noexcept;
// The number of "local0", "auth" …; 24 and more for an unknown name.
uint32_t facility_number(std::string_view name) noexcept;

}  // namespace csiem::syslog
