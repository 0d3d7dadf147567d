#include "cli/trace_document.hpp"

#include <boost/json.hpp>

#include "base/clock.hpp"
#include "base/rfc3339.hpp"
#include "cli/exporter_rows.hpp"
#include "pipeline/revive.hpp"
#include "process/filter.hpp"
#include "source/checkpoint.hpp"

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

}  // namespace

std::string trace_document(const store::EventTrace& trace, const std::string& event_id,
                           const std::vector<config::Exporter>& exporters,
                           const std::function<std::string(const std::string&)>& waiting) {
  const OneEvent event(trace.event_json);
  json::object document{{"schema", "clawdstrike-siem/trace/v1"}, {"event_id", event_id}};
  if (trace.accepted_unix_ns != 0) document["accepted"] = format_rfc3339(trace.accepted_unix_ns);
  if (trace.sequence != 0) document["sequence"] = trace.sequence;
  if (trace.in_log) document["severity"] = kSeverities[trace.severity];
  if (const csiem_event* const found = event.get())
    document["guard"] = json::string_view(found->guard.ptr, found->guard.len);
  if (!trace.source.empty()) document["source"] = trace.source;
  // A block is read in one go: the event lies somewhere in front of its end.
  if (const auto position = source::parse_checkpoint(trace.position);
      position && !position->absent && position->next_line != 0)
    document["read_before"] = json::object{{"line", position->next_line}, {"offset", position->offset}};
  json::array fates;
  for (const auto& exporter : trace.exporters) {
    const config::Exporter* settings = nullptr;
    for (const auto& one : exporters)
      if (one.id == exporter.id) settings = &one;
    Fate fate;
    switch (exporter.place) {
      case Place::queued:
        fate = {"queued", waiting(exporter.id)};
        break;
      case Place::settled:
        fate = settled_fate(exporter, settings, event.get());
        break;
      case Place::dead_letter:
        fate = letter_fate(exporter, trace.sequence);
        break;
      case Place::before_start:
        fate = {"not_sent", "the exporter began behind it"};
        break;
    }
    fates.push_back({{"exporter", exporter.id}, {"fate", fate.word}, {"detail", fate.detail}});
  }
  document["exporters"] = std::move(fates);
  return json::serialize(document) + "\n";
}

std::string unknown_event_text(const std::string& event_id) {
  return "event " + event_id + " is not known: it never came, or every exporter has settled it more than an hour ago";
}

}  // namespace csiem::cli
