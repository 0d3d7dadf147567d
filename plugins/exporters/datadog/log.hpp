// One event as one log of the intake: the reserved members, then the formatted event as attributes.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <csiem/json.hpp>

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "common/template.hpp"
#include "datadog/tags.hpp"

namespace csiem::datadog {

enum class OldEvents { restamp, send, drop };

struct LogRules {
  common::Template service, hostname;  // with JSON-escaped literals
  std::string source;                  // JSON-escaped
  Tags tags;
  OldEvents old_events = OldEvents::restamp;
  bool trace = false;  // the object dd
  std::string trace_service, trace_env;
};

// Whether the intake would take a log of that time and not index it.
bool out_of_window(int64_t time_unix_ns, int64_t now_unix_ns) noexcept;

class LogWriter {
 public:
  explicit LogWriter(LogRules rules) : rules_(std::move(rules)) {}

  // `body` is what the format made of the event: a JSON object. Its members become attributes at the top, except:
  // `decision` is called `security`, which dashboards and monitors read; `timestamp` gives way to the intake's own; and
  // those whose names mean something else to Datadog (host, message, status, …) stand inside of the object `original`.
  // False when it is no object; what was written until then is to be dropped.
  bool write(const csiem_event& event, std::string_view body, int64_t now_unix_ns, Out& out);

  OldEvents old_events() const noexcept { return rules_.old_events; }

 private:
  void head(const csiem_event& event, int64_t now_unix_ns, Out& out) const;
  void trace(const csiem_event& event, Out& out) const;

  LogRules rules_;
  std::vector<std::pair<std::string_view, std::string_view>> set_aside_;  // of the event being written
};

// "[egress] BLOCKED: domain not on allowlist"
void write_message(const csiem_event& event, Out& out) noexcept;
// critical, error, warning, notice, info
std::string_view status_of(const csiem_event& event) noexcept;

// Where an event says which trace it belongs to; empty texts when it does not. Ids of W3C form (32 or 16 hexadecimal
// digits) become the decimal number of 64 bits that Datadog joins by.
struct TraceIds {
  std::string trace_id, span_id;
};
TraceIds trace_ids_of(std::string_view metadata_json);

}  // namespace csiem::datadog
