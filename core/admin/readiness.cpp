#include "admin/readiness.hpp"

#include <algorithm>

#include "base/messages.hpp"

namespace csiem::admin {
namespace {

// A source that polls instead of being notified reads all the same.
constexpr int kPolling = 4505;

std::string title(int code) {
  const messages::Message* message = messages::find(code);
  return message == nullptr ? std::string() : std::string(message->title);
}

Check exporter_check(const ExporterView& exporter) {
  Check check{"exporter", exporter.id, 0, exporter.state, exporter.required};
  if (exporter.healthy) return check;
  check.code = exporter.problem_code != 0 ? exporter.problem_code : 8007;
  check.message = exporter.state + ": " + title(check.code);
  if (!exporter.last_error.empty()) check.message += ": " + exporter.last_error;
  return check;
}

}  // namespace

std::vector<Check> readiness(const Snapshot& snapshot) {
  std::vector<Check> checks;
  checks.push_back({"daemon", "", snapshot.draining ? 8008 : 0, snapshot.draining ? title(8008) : "running", true});
  const StoreView& store = snapshot.store;
  checks.push_back({"store", "", store.code, store.code == 0 ? "open" : store.health + ": " + title(store.code), true});
  for (const SourceView& source : snapshot.sources) {
    const bool reads = source.problem_code == 0 || source.problem_code == kPolling;
    checks.push_back({"source", source.id, reads ? 0 : source.problem_code, reads ? "reading" : source.problem, true});
  }
  for (const ExporterView& exporter : snapshot.exporters) checks.push_back(exporter_check(exporter));
  for (const auto& left : snapshot.left_out)
    checks.push_back({"exporter", left.id, 8007, title(8007) + ": " + left.why, left.required});
  return checks;
}

bool ready(const std::vector<Check>& checks) {
  return std::all_of(checks.begin(), checks.end(), [](const Check& check) { return check.passed() || !check.counts; });
}

}  // namespace csiem::admin
