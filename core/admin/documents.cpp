#include "admin/documents.hpp"

#include <boost/json.hpp>
#include <cmath>

#include "base/messages.hpp"
#include "base/rfc3339.hpp"

namespace csiem::admin {
namespace {

namespace json = boost::json;

std::string text_of(const json::object& document) { return json::serialize(document) + "\n"; }

json::object document_of(std::string_view command) {
  json::object document;
  document["schema"] = "clawdstrike-siem/" + std::string(command) + "/v1";
  return document;
}

json::value code_or_null(int code) {
  if (code == 0) return nullptr;
  return json::value(messages::code_text(code));
}

json::value time_or_null(int64_t unix_ns) {
  if (unix_ns == 0) return nullptr;
  return json::value(format_rfc3339(unix_ns));
}

// Two digits after the point are enough for a rate.
double rounded(double rate) { return std::round(rate * 100) / 100; }

// The upper bound of the bucket that holds the slowest hundredth; null before the first request, and above the last
// bound.
json::value p99_at_most(const Histogram& histogram) {
  uint64_t total = 0;
  for (const uint64_t count : histogram.counts) total += count;
  if (total == 0) return nullptr;
  const uint64_t wanted = total - total / 100;
  uint64_t so_far = 0;
  for (std::size_t i = 0; i < histogram.bounds.size(); ++i) {
    so_far += histogram.counts[i];
    if (so_far >= wanted) return histogram.bounds[i];
  }
  return nullptr;
}

json::object source_object(const Snapshot& snapshot, const SourceView& source, const Rates& rates) {
  json::object object;
  object["id"] = source.id;
  object["type"] = source.type;
  object["path"] = source.path;
  object["events"] = source.events;
  object["events_per_second"] = rounded(rates.read(snapshot, source));
  object["code"] = code_or_null(source.problem_code);
  object["problem"] = source.problem;
  return object;
}

json::object ledger_object(const ExporterView& exporter) {
  json::object ledger;
  ledger["accepted"] = exporter.accepted;
  ledger["delivered"] = exporter.delivered;
  ledger["filtered"] = exporter.filtered;
  ledger["dead_lettered"] = exporter.dead_lettered;
  ledger["dropped"] = exporter.dropped;
  ledger["lost"] = exporter.lost;
  ledger["queued"] = exporter.queued;
  ledger["imbalance"] = exporter.imbalance();
  return ledger;
}

json::object exporter_object(const Snapshot& snapshot, const ExporterView& exporter, const Rates& rates) {
  json::object object;
  object["id"] = exporter.id;
  object["plugin"] = exporter.plugin;
  object["plugin_version"] = exporter.plugin_version;
  object["format"] = exporter.format;
  object["state"] = exporter.state;
  object["healthy"] = exporter.healthy;
  object["required"] = exporter.required;
  object["code"] = code_or_null(exporter.problem_code);
  object["last_error"] = exporter.last_error;
  object["last_success"] = time_or_null(exporter.last_success_unix_ns);
  object["events_per_second"] = rounded(rates.delivered(snapshot, exporter));
  object["request_p99_seconds_at_most"] = p99_at_most(exporter.request_seconds);
  object["queued_bytes"] = exporter.queued_bytes;
  object["queue_bytes"] = exporter.lag_bytes;
  object["queue_limit_bytes"] = exporter.lag_limit_bytes;
  object["queue_oldest"] = time_or_null(exporter.oldest_unix_ns);
  object["dead_letters"] = exporter.letters;
  object["dead_letter_bytes"] = exporter.letter_bytes;
  object["retries"] = exporter.retries;
  object["possible_duplicates"] = exporter.possible_duplicates;
  object["ledger"] = ledger_object(exporter);
  return object;
}

json::object health_object(const ExporterView::Health& health) {
  return {{"basis", health.asked ? "answer" : "delivery"},
          {"code", code_or_null(health.code)},
          {"message", health.message},
          {"checked", time_or_null(health.checked_unix_ns)},
          {"took_seconds", static_cast<double>(health.took_ns / 1'000'000) / 1000},
          {"checks", health.checks},
          {"failures", health.failures}};
}

json::array exporter_array(const Snapshot& snapshot, const Rates& rates) {
  json::array exporters;
  for (const ExporterView& exporter : snapshot.exporters)
    exporters.push_back(exporter_object(snapshot, exporter, rates));
  return exporters;
}

json::array left_out_array(const Snapshot& snapshot) {
  json::array left_out;
  for (const auto& one : snapshot.left_out) left_out.push_back({{"id", one.id}, {"why", one.why}});
  return left_out;
}

json::object store_object(const Snapshot& snapshot) {
  const StoreView& store = snapshot.store;
  json::object lost;
  for (const auto& [cause, events] : store.lost) lost[cause] = events;
  return {{"health", store.health},
          {"code", code_or_null(store.code)},
          {"unsettled_events", snapshot.unsettled_events},
          {"memory_limit_bytes", snapshot.memory_limit_bytes},
          {"committed_sequence", store.committed},
          {"bytes", store.used_bytes},
          {"limit_bytes", store.max_bytes},
          {"disk_free_bytes", store.disk_free_bytes},
          {"quarantined", store.quarantined},
          {"lost", lost}};
}

json::object intake_object(const IntakeView& intake) {
  return {{"lines", intake.lines},       {"bytes", intake.bytes},           {"accepted", intake.accepted},
          {"filtered", intake.filtered}, {"repeated", intake.repeated},     {"quarantined", intake.quarantined},
          {"foreign", intake.foreign},   {"not_events", intake.not_events}, {"utf8_repaired", intake.utf8_repaired}};
}

}  // namespace

std::string version_document(const Snapshot& snapshot) {
  json::object document = document_of("version");
  document["version"] = snapshot.version;
  document["abi"] = snapshot.abi;
  return text_of(document);
}

std::string status_document(const Snapshot& snapshot, const Rates& rates, const ProcessFigures& process) {
  json::object document = document_of("status");
  document["version"] = snapshot.version;
  document["started"] = format_rfc3339(snapshot.started_unix_ns);
  document["uptime_seconds"] = (snapshot.taken_unix_ns - snapshot.started_unix_ns) / 1'000'000'000;
  document["draining"] = snapshot.draining;
  document["resident_bytes"] = process.resident_bytes;
  document["config_files"] = json::array(snapshot.config_files.begin(), snapshot.config_files.end());
  json::array sources;
  for (const SourceView& source : snapshot.sources) sources.push_back(source_object(snapshot, source, rates));
  document["sources"] = std::move(sources);
  document["intake"] = intake_object(snapshot.intake);
  document["exporters"] = exporter_array(snapshot, rates);
  document["left_out"] = left_out_array(snapshot);
  document["store"] = store_object(snapshot);
  return text_of(document);
}

std::string exporters_document(const Snapshot& snapshot, const Rates& rates) {
  json::object document = document_of("exporters-list");
  document["exporters"] = exporter_array(snapshot, rates);
  document["left_out"] = left_out_array(snapshot);
  return text_of(document);
}

std::string exporter_document(const Snapshot& snapshot, const ExporterView& exporter, const Rates& rates) {
  json::object document = document_of("exporter");
  for (auto& [key, value] : exporter_object(snapshot, exporter, rates)) document[key] = std::move(value);
  document["health"] = health_object(exporter.health);
  json::object requests;
  for (const auto& [how, count] : exporter.requests) requests[how] = count;
  document["requests"] = std::move(requests);
  return text_of(document);
}

std::string health_document(const std::vector<Check>& checks, bool all) {
  json::object document = document_of("health");
  document["live"] = true;
  document["ready"] = ready(checks);
  json::array reasons, shown;
  for (const Check& check : checks) {
    const json::object object{{"kind", check.kind},
                              {"id", check.id},
                              {"code", code_or_null(check.code)},
                              {"message", check.message},
                              {"required", check.counts}};
    if (!check.passed() && check.counts) reasons.push_back(object);
    shown.push_back(object);
  }
  document["reasons"] = std::move(reasons);
  if (all) document["checks"] = std::move(shown);
  return text_of(document);
}

std::string action_document(std::string_view action, const std::string& exporter) {
  json::object document = document_of("exporters-" + std::string(action));
  document["exporter"] = exporter;
  document["accepted"] = true;
  return text_of(document);
}

std::string error_document(int code, std::string_view message) {
  const json::object error{{"code", messages::code_text(code)}, {"message", message}};
  return text_of({{"error", error}});
}

}  // namespace csiem::admin
