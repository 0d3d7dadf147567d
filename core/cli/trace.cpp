// clawdstrike-siem trace: what became of one event, from the store and, when it runs, the daemon.
#include <boost/json.hpp>
#include <cstdio>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.hpp"
#include "base/rfc3339.hpp"
#include "cli/admin_client.hpp"
#include "cli/arguments.hpp"
#include "cli/exporter_rows.hpp"
#include "cli/setup.hpp"
#include "cli/terminal.hpp"
#include "pipeline/revive.hpp"
#include "process/filter.hpp"
#include "store/inspect.hpp"

namespace csiem::cli {
namespace {

namespace json = boost::json;
using Place = store::EventTrace::Place;

constexpr std::string_view kSeverities[] = {"info", "low", "medium", "high", "critical"};

struct Fate {
  std::string word;  // queued, delivered, filtered, dead_letter, not_sent
  std::string detail;
};

// Reads one canonical event for the filters.
class OneEvent {
 public:
  explicit OneEvent(const std::string& canonical) {
    event::BatchBuilder builder(event::BatchPool::create(1));
    if (!canonical.empty() && pipeline::make_reviver()(canonical, builder)) batch_ = builder.seal(0);
  }
  const csiem_event* get() const { return batch_ == nullptr || batch_->empty() ? nullptr : &batch_->events()[0]; }

 private:
  event::BatchRef batch_;
};

Fate letter_fate(const store::EventTrace::Exporter& exporter, store::Sequence sequence) {
  json::error_code error;
  const json::value value = json::parse(exporter.letter_json, error);
  if (error || !value.is_object()) return {"dead_letter", ""};
  const json::object& letter = value.get_object();
  std::string text = text_member(letter, "class") + ", " + std::to_string(number_member(letter, "attempts")) +
                     " attempts, last " + text_member(letter, "last_attempt");
  for (const char* key : {"vendor_code", "vendor_text"})
    if (const std::string more = text_member(letter, key); !more.empty()) text += ", " + more;
  return {"dead_letter", text + " (dlq show " + exporter.id + "/" + std::to_string(sequence) + ")"};
}

Fate settled_fate(const store::EventTrace::Exporter& exporter, const config::Exporter* settings,
                  const csiem_event* event) {
  if (event == nullptr) return {"settled", "delivered, filtered or dropped; the event itself is not kept any more"};
  if (settings != nullptr)
    if (const char* why = process::Filter(settings->filter).refusal(*event, system_clock().unix_ns()))
      return {"filtered", "by its filter: " + std::string(why)};
  if (exporter.drops) return {"settled", "delivered, unless it is among the events that queue.when_full dropped"};
  return {"delivered", ""};
}

// What the daemon says about an exporter that has not got to the event.
std::string waiting_text(const std::optional<json::object>& exporters, const std::string& id) {
  if (!exporters) return "the daemon does not run";
  for (const json::value& value : array_member(*exporters, "exporters")) {
    if (!value.is_object() || text_member(value.get_object(), "id") != id) continue;
    const json::object& exporter = value.get_object();
    std::string text = "exporter is " + text_member(exporter, "state");
    if (const std::string code = text_member(exporter, "code"); !code.empty()) text += " [" + code + "]";
    if (const std::string last = text_member(exporter, "last_error"); !last.empty()) text += ", last: " + last;
    return text;
  }
  return "no such exporter is configured";
}

}  // namespace

int trace(const Arguments& arguments) {
  const Setup setup = load_setup(arguments.global, {.check_plugins = false});
  if (!setup.loaded.ok()) {
    print_diagnostics(setup.loaded, arguments.global);
    return kConfig;
  }
  const config::Configuration& configuration = setup.loaded.configuration;
  const auto inspector = store::Inspector::open(configuration.global.data_dir, store::Inspector::Access::read);
  if (!inspector && inspector.error().code() != Code::not_found) {
    print_error(inspector.error());
    return inspector.error().code() == Code::denied ? kNotPermitted : kIo;
  }
  std::optional<store::EventTrace> found;
  if (inspector) {
    auto traced = inspector->trace(arguments.trace_id);
    if (!traced) {
      print_error(traced.error());
      return kIo;
    }
    found = *std::move(traced);
  }
  if (!found) {
    std::fprintf(
        stderr,
        "clawdstrike-siem: event %s is not known: it never came, or every exporter has settled it more than an "
        "hour ago\n",
        arguments.trace_id.c_str());
    return kNo;
  }

  std::optional<json::object> exporters;
  if (auto answer = ask_daemon_json(arguments.global, "GET", "/api/v1/exporters"); answer && answer->is_object())
    exporters = answer->get_object();
  const OneEvent event(found->event_json);
  json::object document{{"schema", "clawdstrike-siem/trace/v1"}, {"event_id", arguments.trace_id}};
  if (found->accepted_unix_ns != 0) document["accepted"] = format_rfc3339(found->accepted_unix_ns);
  if (found->sequence != 0) document["sequence"] = found->sequence;
  json::array fates;
  std::vector<std::vector<std::string>> rows;
  for (const auto& exporter : found->exporters) {
    const config::Exporter* settings = nullptr;
    for (const auto& one : configuration.exporters)
      if (one.id == exporter.id) settings = &one;
    Fate fate;
    switch (exporter.place) {
      case Place::queued:
        fate = {"queued", waiting_text(exporters, exporter.id)};
        break;
      case Place::settled:
        fate = settled_fate(exporter, settings, event.get());
        break;
      case Place::dead_letter:
        fate = letter_fate(exporter, found->sequence);
        break;
      case Place::before_start:
        fate = {"not_sent", "the exporter began behind it"};
        break;
    }
    fates.push_back({{"exporter", exporter.id}, {"fate", fate.word}, {"detail", fate.detail}});
    rows.push_back({exporter.id, fate.word, fate.detail});
  }
  document["exporters"] = std::move(fates);
  if (arguments.global.json) {
    std::printf("%s\n", json::serialize(document).c_str());
    return kOk;
  }
  std::string accepted =
      found->accepted_unix_ns == 0 ? "at a time that is not known any more" : format_rfc3339(found->accepted_unix_ns);
  if (found->in_log)
    accepted += ", severity " + std::string(kSeverities[found->severity]) + ", event " +
                std::to_string(found->sequence) + " of the log";
  std::printf("accepted %s\n%s", accepted.c_str(), table(rows, arguments.global.plain).c_str());
  return kOk;
}

}  // namespace csiem::cli
