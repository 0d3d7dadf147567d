// Members of a log.
// SPDX-License-Identifier: Apache-2.0
#include "datadog/log.hpp"

#include <algorithm>
#include <charconv>

#include "common/json_members.hpp"
#include "common/text.hpp"

namespace csiem::datadog {
namespace {

constexpr int64_t kSecond = 1'000'000'000, kHour = 3600 * kSecond;
// The intake's window, and what a request may take until the intake reads its clock.
constexpr int64_t kOldest = 18 * kHour - 60 * kSecond, kNewest = 2 * kHour;
// The event's own words are attributes in full; the line that people read need not be longer than this.
constexpr std::size_t kMaxReason = 2000;

// Names that the intake gives a meaning of its own.
constexpr std::string_view kReserved[] = {"date",   "dd",      "ddsource", "ddtags",  "host",    "hostname",
                                          "level",  "message", "service",  "source",  "span_id", "severity",
                                          "status", "syslog",  "tags",     "trace_id"};

bool is_reserved(std::string_view key) noexcept {
  return std::find(std::begin(kReserved), std::end(kReserved), key) != std::end(kReserved);
}

int64_t floor_div(int64_t value, int64_t by) noexcept { return value / by - (value % by < 0 ? 1 : 0); }

// Left out when the text is empty.
void write_member(std::string_view key, const common::Template& text, const csiem_event& event, Out& out) noexcept {
  bool empty = true;
  const auto look = [&](std::string_view piece) { empty = empty && piece.empty(); };
  text.render(event, look, look);
  if (empty) return;
  out.member(key, true);
  out.byte('"');
  text.render(
      event, [&](std::string_view piece) { out.raw(piece); }, [&](std::string_view piece) { out.escaped(piece); });
  out.byte('"');
}

std::string decimal_id(std::string_view text) {
  const bool hex = text.size() == 32 || text.size() == 16;
  const std::string_view low = text.size() == 32 ? text.substr(16) : text;
  uint64_t value = 0;
  const auto [end, error] = std::from_chars(low.data(), low.data() + low.size(), value, hex ? 16 : 10);
  if (error != std::errc() || end != low.data() + low.size() || value == 0) return {};
  return std::to_string(value);
}

}  // namespace

bool out_of_window(int64_t time_unix_ns, int64_t now_unix_ns) noexcept {
  return time_unix_ns < now_unix_ns - kOldest || time_unix_ns > now_unix_ns + kNewest;
}

std::string_view status_of(const csiem_event& event) noexcept {
  switch (event.severity) {
    case CSIEM_SEV_CRITICAL:
      return "critical";
    case CSIEM_SEV_HIGH:
      return "error";
    case CSIEM_SEV_MEDIUM:
      return "warning";
    case CSIEM_SEV_LOW:
      return "notice";
    default:
      return "info";
  }
}

void write_message(const csiem_event& event, Out& out) noexcept {
  const std::string_view guard = view(event.guard), reason = view(event.reason);
  out.byte('[');
  out.escaped(guard.empty() || guard == "none" ? view(event.type_name) : guard);
  out.raw(event.decision_allowed == 0           ? "] BLOCKED: "
          : event.type == CSIEM_TYPE_GUARD_WARN ? "] WARNED: "
                                                : "] ALLOWED: ");
  if (!reason.empty()) {
    const std::string_view kept = common::clip(reason, kMaxReason);
    out.escaped(kept);
    if (kept.size() < reason.size()) out.raw("\xe2\x80\xa6");
    return;
  }
  out.escaped(view(event.action));
  if (event.resource_name.len == 0) return;
  out.byte(' ');
  out.escaped(common::clip(view(event.resource_name), kMaxReason));
}

TraceIds trace_ids_of(std::string_view metadata_json) {
  TraceIds ids;
  common::for_each_member(metadata_json, [&](std::string_view key, std::string_view value) {
    if (key == "traceId" || key == "trace_id") ids.trace_id = decimal_id(common::plain_string(value));
    if (key == "spanId" || key == "span_id") ids.span_id = decimal_id(common::plain_string(value));
  });
  return ids;
}

void LogWriter::trace(const csiem_event& event, Out& out) const {
  const TraceIds ids = trace_ids_of(view(event.metadata_json));
  Json j(out);
  j.open();
  if (!ids.trace_id.empty()) j.text("trace_id", ids.trace_id);
  if (!ids.span_id.empty()) j.text("span_id", ids.span_id);
  j.text("service", rules_.trace_service);
  j.text("env", event.environment.len == 0 ? std::string_view(rules_.trace_env) : view(event.environment));
  j.close();
}

void LogWriter::head(const csiem_event& event, int64_t now_unix_ns, Out& out) const {
  const bool replayed = rules_.old_events == OldEvents::restamp && out_of_window(event.time_unix_ns, now_unix_ns);
  out.raw("{\"message\":\"");
  write_message(event, out);
  out.raw("\",\"ddsource\":\"");
  out.raw(rules_.source);
  out.byte('"');
  write_member("service", rules_.service, event, out);
  write_member("hostname", rules_.hostname, event, out);
  out.raw(",\"status\":\"");
  out.raw(status_of(event));
  out.raw("\",\"ddtags\":\"");
  rules_.tags.write(event, replayed, out);
  out.raw("\",\"timestamp\":");
  const int64_t own_ms = floor_div(event.time_unix_ns, 1'000'000);
  out.integer(replayed ? floor_div(now_unix_ns, 1'000'000) : own_ms);
  if (replayed) {
    out.raw(",\"original_timestamp\":");
    out.integer(own_ms);
  }
  // Logs are ordered by milliseconds; this tells what is left.
  out.raw(",\"timestamp_ns\":");
  out.integer(event.time_unix_ns - own_ms * 1'000'000);
  if (event.time_text.len != 0) {
    out.raw(",\"event_time\":");
    out.string(view(event.time_text));
  }
  if (!rules_.trace) return;
  out.raw(",\"dd\":");
  trace(event, out);
}

bool LogWriter::write(const csiem_event& event, std::string_view body, int64_t now_unix_ns, Out& out) {
  head(event, now_unix_ns, out);
  set_aside_.clear();
  bool has_id = false;
  const bool whole = common::for_each_member(body, [&](std::string_view key, std::string_view value) {
    if (is_reserved(key)) {
      set_aside_.emplace_back(key, value);
      return;
    }
    if (key == "timestamp" || key == "timestamp_ns" || key == "event_time" || key == "original_timestamp") return;
    has_id = has_id || key == "event_id";
    out.member(key == "decision" ? "security" : key, true);
    out.raw(value);
  });
  if (!whole) return false;
  if (!has_id) {
    out.raw(",\"event_id\":");
    out.string(view(event.event_id));
  }
  if (!set_aside_.empty()) {
    out.raw(",\"original\":{");
    bool comma = false;
    for (const auto& [key, value] : set_aside_) {
      out.member(key, comma);
      out.raw(value);
      comma = true;
    }
    out.byte('}');
  }
  out.byte('}');
  return true;
}

}  // namespace csiem::datadog
