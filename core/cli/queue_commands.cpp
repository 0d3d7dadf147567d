// clawdstrike-siem queue: the log and how far each exporter is.
#include <cstdio>
#include <set>
#include <string>
#include <vector>

#include "base/clock.hpp"
#include "cli/arguments.hpp"
#include "cli/open_store.hpp"
#include "cli/store_documents.hpp"
#include "cli/terminal.hpp"

namespace csiem::cli {
namespace {

using store::Inspector;

bool print_line(std::string_view line) {
  const bool ended = line.ends_with('\n');
  return std::fwrite(line.data(), 1, line.size(), stdout) == line.size() && (ended || std::fputc('\n', stdout) != EOF);
}

std::set<std::string> configured_exporters(const config::Configuration& configuration) {
  std::set<std::string> ids;
  for (const auto& exporter : configuration.exporters)
    if (exporter.enabled) ids.insert(exporter.id);
  return ids;
}

}  // namespace

int queue_list(const Arguments& arguments) {
  int status = kOk;
  const auto opened = open_store(arguments, Inspector::Access::read, status);
  if (!opened && status != kOk) return status;
  std::vector<store::CursorView> cursors;
  std::set<std::string> configured;
  if (opened) {
    configured = configured_exporters(opened->configuration);
    auto found = opened->inspector.cursors();
    if (!found) return store_failure(found.error());
    cursors = *std::move(found);
  }
  if (arguments.global.json) {
    std::fputs(queues_document(cursors, configured).c_str(), stdout);
    return kOk;
  }
  std::vector<std::vector<std::string>> rows{
      {"EXPORTER", "QUEUED", "BYTES", "OLDEST", "DELIVERED", "FILTERED", "DEAD", "DROPPED", "LOST", "NOTE"}};
  for (const auto& cursor : cursors)
    rows.push_back({cursor.exporter, std::to_string(cursor.ledger.queued()), byte_text(cursor.lag_bytes),
                    ago(cursor.oldest_unix_ns, arguments.global), std::to_string(cursor.ledger.delivered),
                    std::to_string(cursor.ledger.filtered), std::to_string(cursor.ledger.dead_lettered),
                    std::to_string(cursor.ledger.dropped()), std::to_string(cursor.ledger.lost),
                    configured.contains(cursor.exporter) ? "" : "orphan"});
  if (!cursors.empty()) std::fputs(table(rows, arguments.global.plain).c_str(), stdout);
  return kOk;
}

int queue_check(const Arguments& arguments) {
  int status = kOk;
  const auto opened = open_store(arguments, Inspector::Access::read, status);
  if (!opened) return status;
  Progress progress(arguments.global);
  const int64_t started = system_clock().mono_ns();
  int64_t shown = 0;
  const auto report = opened->inspector.check([&](uint64_t done, uint64_t all) {
    const int64_t now = (system_clock().mono_ns() - started) / kNsPerMs;
    if (now - shown < 100) return;
    shown = now;
    progress.show(done, all, now, "");
  });
  progress.finish();
  if (!report) return store_failure(report.error());
  if (arguments.global.json) {
    std::string json = "{\"schema\":\"clawdstrike-siem/queue-check/v1\",\"blocks\":" + std::to_string(report->blocks) +
                       ",\"events\":" + std::to_string(report->events) + ",\"bytes\":" + std::to_string(report->bytes) +
                       ",\"damaged\":[";
    for (const auto& range : report->damaged)
      json += std::string(json.ends_with('[') ? "" : ",") + "{\"first\":" + std::to_string(range.first) +
              ",\"last\":" + std::to_string(range.last) + "}";
    json += "],\"notes\":[";
    for (const auto& note : report->notes) json += std::string(json.ends_with('[') ? "" : ",") + json_text(note);
    std::printf("%s]}\n", json.c_str());
  } else {
    std::printf("%s blocks, %s events, %s\n", grouped(report->blocks, is_terminal(1)).c_str(),
                grouped(report->events, is_terminal(1)).c_str(), byte_text(report->bytes).c_str());
    for (const auto& range : report->damaged)
      std::printf("damaged: events %llu to %llu\n", static_cast<unsigned long long>(range.first),
                  static_cast<unsigned long long>(range.last));
    for (const auto& note : report->notes) std::printf("%s\n", note.c_str());
  }
  return report->clean() ? kOk : kNo;
}

int queue_repair(const Arguments& arguments) {
  int status = kOk;
  auto opened = open_store(arguments, Inspector::Access::change, status);
  if (!opened) return status;
  const auto moved = opened->inspector.repair();
  if (!moved) return store_failure(moved.error());
  uint64_t events = 0;
  for (const auto& range : moved->blocks) events += range.size();
  std::printf("%zu damaged blocks with %llu events moved to the quarantine\n", moved->blocks.size(),
              static_cast<unsigned long long>(events));
  if (moved->letters > 0)
    std::printf("%llu damaged dead letters moved to the quarantine\n", static_cast<unsigned long long>(moved->letters));
  return kOk;
}

int queue_cat(const Arguments& arguments) {
  int status = kOk;
  const auto opened = open_store(arguments, Inspector::Access::read, status);
  if (!opened) return status;
  uint64_t left = arguments.queue.limit == 0 ? ~uint64_t{0} : arguments.queue.limit;
  const auto print = [&](const Inspector::Event& event) { return print_line(event.json) && --left > 0; };
  const auto walked = arguments.queue.exporter.empty() ? opened->inspector.walk_events(1, print)
                                                       : opened->inspector.walk_queue(arguments.queue.exporter, print);
  return walked ? kOk : store_failure(walked.error());
}

int queue_quarantine(const Arguments& arguments) {
  int status = kOk;
  const auto opened = open_store(arguments, Inspector::Access::read, status);
  if (!opened) return status;
  const auto walked = opened->inspector.walk_quarantine(print_line);
  return walked ? kOk : store_failure(walked.error());
}

int queue_adopt(const Arguments& arguments) {
  int status = kOk;
  auto opened = open_store(arguments, Inspector::Access::change, status);
  if (!opened) return status == kOk ? kNo : status;
  const std::string &from = arguments.queue.orphan, &to = arguments.queue.to;
  const std::set<std::string> configured = configured_exporters(opened->configuration);
  const std::string refusal =
      configured.contains(from)  ? "exporter '" + from + "' is configured and goes on at its place itself"
      : !configured.contains(to) ? "no exporter '" + to + "' is configured that could go on there"
                                 : std::string();
  if (!refusal.empty()) {
    std::fprintf(stderr, "clawdstrike-siem: %s\n", refusal.c_str());
    return kUsage;
  }
  if (const auto done = opened->inspector.adopt(from, to); !done) return store_failure(done.error());
  if (!arguments.global.quiet)
    std::fprintf(stderr, "%s goes on where %s stood; dead letters stay: dlq replay --exporter %s --to %s\n", to.c_str(),
                 from.c_str(), from.c_str(), to.c_str());
  return kOk;
}

}  // namespace csiem::cli
