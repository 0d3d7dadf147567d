#include "admin/metrics.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <map>

namespace csiem::admin {
namespace {

constexpr std::array<std::string_view, 8> kStates{"starting",  "running",          "retrying", "open",
                                                  "held_auth", "held_destination", "parked",   "paused"};

template <class Number>
std::string number(Number value) {
  std::array<char, 40> text;
  return std::string(text.data(), std::to_chars(text.data(), text.data() + text.size(), value).ptr);
}

void append_escaped(std::string& out, std::string_view value) {
  for (const char c : value) {
    if (c == '\n') {
      out += "\\n";
      continue;
    }
    if (c == '\\' || c == '"') out += '\\';
    out += c;
  }
}

double seconds(int64_t ns) { return static_cast<double>(ns) / 1e9; }

void daemon_families(Exposition& out, const Snapshot& snapshot, const ProcessFigures& process,
                     const RequestCounts& requests) {
  out.family("clawdstrike_siem_build_info", "gauge", "The version that runs; always 1.");
  out.sample({{"version", snapshot.version}, {"abi", snapshot.abi}}, uint64_t{1});
  out.family("process_resident_memory_bytes", "gauge", "Memory of the process that is in RAM.");
  out.sample({}, process.resident_bytes);
  out.family("process_cpu_seconds_total", "counter", "Processor time used, user and system.");
  out.sample({}, process.cpu_seconds);
  out.family("process_open_fds", "gauge", "Open file descriptors.");
  out.sample({}, process.open_fds);
  out.family("process_start_time_seconds", "gauge", "When the process started, in seconds since 1970.");
  out.sample({}, seconds(snapshot.started_unix_ns));
  out.family("clawdstrike_siem_delivery_threads_lost_total", "counter",
             "Delivery threads left behind in plugin calls that do not return.");
  out.sample({}, uint64_t{snapshot.lost_threads});
  out.family("clawdstrike_siem_admin_requests_total", "counter", "Requests to the admin interface.");
  for (const auto& [key, count] : requests) out.sample({{"path", key.first}, {"code", number(key.second)}}, count);
}

void intake_families(Exposition& out, const Snapshot& snapshot) {
  const IntakeView& intake = snapshot.intake;
  out.family("clawdstrike_siem_source_events_total", "counter", "Events accepted from a source.");
  for (const SourceView& source : snapshot.sources) out.sample({{"source", source.id}}, source.events);
  out.family("clawdstrike_siem_source_healthy", "gauge", "1 while a source has no problem.");
  for (const SourceView& source : snapshot.sources)
    out.sample({{"source", source.id}}, uint64_t{source.problem_code == 0});
  out.family("clawdstrike_siem_intake_lines_total", "counter", "Lines read from all sources.");
  out.sample({}, intake.lines);
  out.family("clawdstrike_siem_intake_bytes_total", "counter", "Bytes read from all sources.");
  out.sample({}, intake.bytes);
  out.family("clawdstrike_siem_intake_lines_by_result_total", "counter", "What the lines turned out to be.");
  out.sample({{"result", "accepted"}}, intake.accepted);
  out.sample({{"result", "filtered"}}, intake.filtered);
  out.sample({{"result", "foreign"}}, intake.foreign);
  out.sample({{"result", "not_event"}}, intake.not_events);
  out.sample({{"result", "quarantined"}}, intake.quarantined);
  out.sample({{"result", "repeated"}}, intake.repeated);
  out.family("clawdstrike_siem_events_quarantined_total", "counter", "Lines that are no valid event.");
  out.sample({}, intake.quarantined);
  out.family("clawdstrike_siem_redactions_total", "counter", "What the privacy rules took out or replaced.");
  for (const RedactionView& one : snapshot.redactions) out.sample({{"rule", one.rule}}, one.count);
  out.family("clawdstrike_siem_events_filtered_total", "counter",
             "Events that the global filter (exporter=\"global\") or an exporter's own filter left out.");
  out.sample({{"exporter", "global"}}, intake.filtered);
  for (const ExporterView& exporter : snapshot.exporters) out.sample({{"exporter", exporter.id}}, exporter.filtered);
}

void store_families(Exposition& out, const Snapshot& snapshot) {
  out.family("clawdstrike_siem_store_unsettled_events", "gauge", "Events that some exporter has not settled.");
  out.sample({}, snapshot.unsettled_events);
  const StoreView& store = snapshot.store;
  out.family("clawdstrike_siem_store_healthy", "gauge", "1 while the store takes events.");
  out.sample({}, uint64_t{store.code == 0});
  out.family("clawdstrike_siem_store_groups_total", "counter", "Transactions of the store.");
  out.sample({}, store.groups);
  out.family("clawdstrike_siem_store_group_events", "histogram", "Events that a transaction made durable.");
  out.histogram({}, store.group_events);
  out.family("clawdstrike_siem_store_committed_seq", "gauge", "Sequence of the newest durable event.");
  out.sample({}, store.committed);
  out.family("clawdstrike_siem_store_bytes", "gauge", "What the store's tables use.");
  out.sample({}, store.used_bytes);
  out.family("clawdstrike_siem_store_limit_bytes", "gauge", "store.max_bytes.");
  out.sample({}, store.max_bytes);
  out.family("clawdstrike_siem_store_free_bytes", "gauge", "Free on the store's disk, for the daemon's user.");
  out.sample({}, store.disk_free_bytes);
  out.family("clawdstrike_siem_store_lost_events_total", "counter",
             "Events of the log that reach nobody: damaged_block, unreadable_event, missing_block.");
  for (const auto& [cause, events] : store.lost) out.sample({{"cause", cause}}, events);
  out.family("clawdstrike_siem_quarantine_records", "gauge", "Lines that are no events and are kept.");
  out.sample({}, store.quarantined);
  out.family("clawdstrike_siem_dlq_dropped_events_total", "counter", "Dead letters that reached a limit.");
  out.sample({}, store.letters_dropped);
  out.family("clawdstrike_siem_dlq_damaged_events_total", "counter",
             "Dead letters that were damaged and moved to the quarantine.");
  out.sample({}, store.letters_damaged);
  out.family("clawdstrike_siem_memory_limit_bytes", "gauge", "global.memory_limit.");
  out.sample({}, snapshot.memory_limit_bytes);
}

// One family with one value per exporter.
template <class Value>
void per_exporter(Exposition& out, const Snapshot& snapshot, std::string_view name, std::string_view type,
                  std::string_view help, Value value) {
  out.family(name, type, help);
  for (const ExporterView& exporter : snapshot.exporters) out.sample({{"exporter", exporter.id}}, value(exporter));
}

void exporter_families(Exposition& out, const Snapshot& snapshot) {
  using View = ExporterView;
  out.family("clawdstrike_siem_exporter_events_total", "counter", "How events of an exporter ended.");
  for (const View& one : snapshot.exporters) {
    out.sample({{"exporter", one.id}, {"result", "delivered"}}, one.delivered);
    out.sample({{"exporter", one.id}, {"result", "rejected"}}, one.dead_lettered);
    out.sample({{"exporter", one.id}, {"result", "dropped"}}, one.dropped);
  }
  out.family("clawdstrike_siem_exporter_requests_total", "counter", "HTTP requests, by how they were answered.");
  for (const View& one : snapshot.exporters)
    for (const auto& [how, count] : one.requests) out.sample({{"exporter", one.id}, {"code_class", how}}, count);
  out.family("clawdstrike_siem_exporter_request_duration_seconds", "histogram",
             "Time from sending an HTTP request to its whole answer.");
  for (const View& one : snapshot.exporters) out.histogram({{"exporter", one.id}}, one.request_seconds);
  per_exporter(out, snapshot, "clawdstrike_siem_exporter_retries_total", "counter", "Batches sent again.",
               [](const View& one) { return one.retries; });
  out.family("clawdstrike_siem_exporter_bytes_total", "counter", "Request bodies, before and after compression.");
  for (const View& one : snapshot.exporters) {
    out.sample({{"exporter", one.id}, {"kind", "raw"}}, one.bytes_raw);
    out.sample({{"exporter", one.id}, {"kind", "wire"}}, one.bytes_wire);
  }
  per_exporter(out, snapshot, "clawdstrike_siem_exporter_possible_duplicates_total", "counter",
               "Events that the platform may have got twice.", [](const View& one) { return one.possible_duplicates; });
  per_exporter(out, snapshot, "clawdstrike_siem_exporter_contract_breaches_total", "counter",
               "Times that a plugin broke its contract.", [](const View& one) { return one.breaches; });
  out.family("clawdstrike_siem_exporter_state", "gauge", "1 for the state that an exporter is in.");
  for (const View& one : snapshot.exporters)
    for (const std::string_view state : kStates)
      out.sample({{"exporter", one.id}, {"state", state}}, uint64_t{one.state == state});
  per_exporter(out, snapshot, "clawdstrike_siem_exporter_healthy", "gauge",
               "1 while an exporter delivers and its newest health check, if any, was passed.",
               [](const View& one) { return uint64_t{one.healthy}; });
  out.family("clawdstrike_siem_exporter_health_checks_total", "counter",
             "Times that a destination was asked how it is, by what came out.");
  for (const View& one : snapshot.exporters) {
    out.sample({{"exporter", one.id}, {"result", "passed"}}, one.health.checks - one.health.failures);
    out.sample({{"exporter", one.id}, {"result", "failed"}}, one.health.failures);
  }
  per_exporter(out, snapshot, "clawdstrike_siem_exporter_last_success_timestamp_seconds", "gauge",
               "When the platform last accepted events; 0 before that.",
               [](const View& one) { return seconds(one.last_success_unix_ns); });
  per_exporter(out, snapshot, "clawdstrike_siem_queue_events", "gauge", "Events accepted and not settled.",
               [](const View& one) { return one.queued; });
  per_exporter(out, snapshot, "clawdstrike_siem_queue_bytes", "gauge",
               "Bytes of the log from the oldest of them on; queue.max_bytes limits it.",
               [](const View& one) { return one.lag_bytes; });
  per_exporter(out, snapshot, "clawdstrike_siem_queue_limit_bytes", "gauge", "queue.max_bytes.",
               [](const View& one) { return one.lag_limit_bytes; });
  per_exporter(out, snapshot, "clawdstrike_siem_queue_memory_bytes", "gauge", "Memory of the batches at hand.",
               [](const View& one) { return one.queued_bytes; });
  per_exporter(out, snapshot, "clawdstrike_siem_queue_oldest_event_age_seconds", "gauge",
               "Since the oldest of them was accepted; 0 when there is none.", [&](const View& one) {
                 return one.oldest_unix_ns == 0
                            ? 0.0
                            : seconds(std::max<int64_t>(snapshot.taken_unix_ns - one.oldest_unix_ns, 0));
               });
  per_exporter(out, snapshot, "clawdstrike_siem_dlq_events", "gauge", "Dead letters that are kept.",
               [](const View& one) { return one.letters; });
  per_exporter(out, snapshot, "clawdstrike_siem_dlq_bytes", "gauge", "Their size; dlq.max_bytes limits it.",
               [](const View& one) { return one.letter_bytes; });
  per_exporter(out, snapshot, "clawdstrike_siem_retry_budget_tokens", "gauge",
               "Retries that may go at once; at 0 they wait.", [](const View& one) { return one.retry_tokens; });
  out.family("clawdstrike_siem_exporter_shed_events_total", "counter",
             "Events given up by the exporter's queue policy, by severity.");
  for (const View& one : snapshot.exporters)
    for (const auto& [severity, events] : one.dropped_by)
      out.sample({{"exporter", one.id}, {"event_severity", severity}}, events);
  per_exporter(out, snapshot, "clawdstrike_siem_dlq_events_total", "counter", "Events that became dead letters.",
               [](const View& one) { return one.dead_lettered; });
  per_exporter(out, snapshot, "clawdstrike_siem_exporter_dropped_events_total", "counter",
               "Events given up by the exporter's queue policy.", [](const View& one) { return one.dropped; });
  per_exporter(out, snapshot, "clawdstrike_siem_exporter_lost_events_total", "counter",
               "Events lost in damaged blocks of the store.", [](const View& one) { return one.lost; });
  per_exporter(out, snapshot, "clawdstrike_siem_exporter_accepted_events_total", "counter",
               "Events that an exporter has to account for.", [](const View& one) { return one.accepted; });
  per_exporter(out, snapshot, "clawdstrike_siem_ledger_imbalance_events", "gauge",
               "Accepted minus everything accounted for; alert when not 0 for a minute.",
               [](const View& one) { return one.imbalance(); });
}

void schema_families(Exposition& out, const Snapshot& snapshot) {
  std::map<std::string, std::array<uint64_t, 2>> by_format;
  for (const ExporterView& one : snapshot.exporters) {
    auto& [valid, invalid] = by_format[one.format];
    valid += one.valid;
    invalid += one.invalid;
  }
  out.family("clawdstrike_siem_format_events_total", "counter",
             "Formatted events that were checked, by what came out.");
  for (const auto& [format, counts] : by_format) {
    if (counts[0] + counts[1] == 0) continue;
    out.sample({{"format", format}, {"result", "valid"}}, counts[0]);
    out.sample({{"format", format}, {"result", "invalid"}}, counts[1]);
  }
  per_exporter(out, snapshot, "clawdstrike_siem_format_mapping_skipped_total", "counter",
               "Values that the target of their field mapping does not take.",
               [](const ExporterView& one) { return one.mapping_skipped; });
  out.family("clawdstrike_siem_schema_violations_total", "counter",
             "Formatted events by rule of the schema they broke.");
  for (const ExporterView& one : snapshot.exporters)
    for (const auto& [rule, count] : one.schema_violations) out.sample({{"exporter", one.id}, {"rule", rule}}, count);
}

void plugin_families(Exposition& out, const Snapshot& snapshot) {
  out.family("clawdstrike_siem_plugin_info", "gauge", "Plugins at work, by exporter; always 1.");
  for (const ExporterView& one : snapshot.exporters)
    out.sample({{"exporter", one.id},
                {"name", one.plugin},
                {"kind", "exporter"},
                {"version", one.plugin_version},
                {"abi", one.plugin_abi}},
               uint64_t{1});
  out.family("clawdstrike_siem_plugin_metric_total", "counter", "What plugins count or observe themselves.");
  for (const ExporterView& one : snapshot.exporters)
    for (const PluginMetric& metric : one.plugin_metrics)
      out.sample({{"exporter", one.id}, {"metric", metric.name}}, metric.count);
  out.family("clawdstrike_siem_plugin_metric_sum", "gauge", "Sum of the values that plugins observed.");
  for (const ExporterView& one : snapshot.exporters)
    for (const PluginMetric& metric : one.plugin_metrics)
      out.sample({{"exporter", one.id}, {"metric", metric.name}}, metric.sum);
}

}  // namespace

void Exposition::family(std::string_view name, std::string_view type, std::string_view help) {
  name_ = name;
  text_.append("# HELP ").append(name).append(" ").append(help).append("\n");
  text_.append("# TYPE ").append(name).append(" ").append(type).append("\n");
}

void Exposition::line(std::string_view suffix, Labels labels, std::string_view bound, std::string_view value) {
  text_.append(name_).append(suffix);
  char before = '{';
  const auto label = [&](std::string_view name, std::string_view content) {
    text_ += before;
    text_.append(name).append("=\"");
    append_escaped(text_, content);
    text_ += '"';
    before = ',';
  };
  for (const Label& one : labels) label(one.name, one.value);
  if (!bound.empty()) label("le", bound);
  if (before == ',') text_ += '}';
  text_ += ' ';
  text_.append(value).append("\n");
}

void Exposition::sample(Labels labels, uint64_t value) { line("", labels, "", number(value)); }
void Exposition::sample(Labels labels, int64_t value) { line("", labels, "", number(value)); }
void Exposition::sample(Labels labels, double value) { line("", labels, "", number(value)); }

void Exposition::histogram(Labels labels, const Histogram& histogram) {
  uint64_t total = 0;
  for (std::size_t i = 0; i < histogram.counts.size(); ++i) {
    total += histogram.counts[i];
    line("_bucket", labels, i < histogram.bounds.size() ? number(histogram.bounds[i]) : "+Inf", number(total));
  }
  line("_sum", labels, "", number(histogram.sum));
  line("_count", labels, "", number(total));
}

std::string metrics_text(const Snapshot& snapshot, const ProcessFigures& process, const RequestCounts& requests) {
  Exposition out;
  daemon_families(out, snapshot, process, requests);
  intake_families(out, snapshot);
  store_families(out, snapshot);
  exporter_families(out, snapshot);
  schema_families(out, snapshot);
  plugin_families(out, snapshot);
  return out.text();
}

}  // namespace csiem::admin
