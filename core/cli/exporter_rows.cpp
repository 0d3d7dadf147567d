#include "cli/exporter_rows.hpp"

#include <algorithm>
#include <boost/json.hpp>
#include <cstdio>

#include "base/clock.hpp"
#include "base/rfc3339.hpp"
#include "cli/terminal.hpp"

namespace csiem::cli {
namespace {

namespace json = boost::json;

const json::value* member(const json::object& object, std::string_view key) {
  return object.if_contains({key.data(), key.size()});
}

// Requests take at most so long, all but the slowest hundredth.
std::string p99_text(const json::object& exporter) {
  const double seconds = real_member(exporter, "request_p99_seconds_at_most");
  if (seconds == 0) return "-";
  return "<=" + duration_text(static_cast<int64_t>(seconds * 1000));
}

// For how long the oldest event of the queue has waited.
std::string oldest_text(const json::object& exporter) {
  const auto since = parse_rfc3339(text_member(exporter, "queue_oldest"));
  if (!since) return "-";
  return duration_text(std::max<int64_t>(system_clock().unix_ns() - since->unix_ns, 0) / 1'000'000);
}

std::string problem_text(const json::object& exporter) {
  const std::string code = text_member(exporter, "code"), error = text_member(exporter, "last_error");
  return code + (code.empty() || error.empty() ? "" : " ") + error;
}

}  // namespace

std::string text_member(const json::object& object, std::string_view key) {
  const json::value* value = member(object, key);
  return value != nullptr && value->is_string() ? std::string(value->get_string()) : std::string();
}

uint64_t number_member(const json::object& object, std::string_view key) {
  const json::value* value = member(object, key);
  json::error_code error;
  return value != nullptr && value->is_number() ? value->to_number<uint64_t>(error) : 0;
}

double real_member(const json::object& object, std::string_view key) {
  const json::value* value = member(object, key);
  json::error_code error;
  return value != nullptr && value->is_number() ? value->to_number<double>(error) : 0;
}

bool flag_member(const json::object& object, std::string_view key) {
  const json::value* value = member(object, key);
  return value != nullptr && value->is_bool() && value->get_bool();
}

const json::object& object_member(const json::object& object, std::string_view key) {
  static const json::object kNone;
  const json::value* value = member(object, key);
  return value != nullptr && value->is_object() ? value->get_object() : kNone;
}

const json::array& array_member(const json::object& object, std::string_view key) {
  static const json::array kNone;
  const json::value* value = member(object, key);
  return value != nullptr && value->is_array() ? value->get_array() : kNone;
}

std::string rate_text(double events_per_second) {
  char text[32];
  std::snprintf(text, sizeof text, events_per_second == 0 || events_per_second >= 100 ? "%.0f/s" : "%.1f/s",
                events_per_second);
  return text;
}

std::vector<std::vector<std::string>> exporter_rows(const json::object& document, bool separate) {
  std::vector<std::vector<std::string>> rows{
      {"EXPORTER", "STATE", "RATE", "P99", "DELIVERED", "QUEUE", "OLDEST", "DLQ", "PROBLEM"}};
  for (const json::value& value : array_member(document, "exporters")) {
    if (!value.is_object()) continue;
    const json::object& exporter = value.get_object();
    const json::object& ledger = object_member(exporter, "ledger");
    const std::string state = text_member(exporter, "state");
    rows.push_back({text_member(exporter, "id"), state == "running" ? "ok" : state,
                    rate_text(real_member(exporter, "events_per_second")), p99_text(exporter),
                    grouped(number_member(ledger, "delivered"), separate),
                    grouped(number_member(ledger, "queued"), separate), oldest_text(exporter),
                    grouped(number_member(exporter, "dead_letters"), separate), problem_text(exporter)});
  }
  for (const json::value& value : array_member(document, "left_out"))
    if (value.is_object())
      rows.push_back({text_member(value.get_object(), "id"), "left out", "-", "-", "-", "-", "-", "-",
                      text_member(value.get_object(), "why")});
  return rows;
}

}  // namespace csiem::cli
