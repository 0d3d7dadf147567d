#include "pipeline/gap_notices.hpp"

#include <algorithm>
#include <array>
#include <utility>

#include "base/log.hpp"
#include "event/ids.hpp"
#include "pipeline/own_event.hpp"

namespace csiem::pipeline {
namespace {

constexpr std::array<std::string_view, store::kSeverities> kSeverityWords{"info", "low", "medium", "high", "critical"};
// Per exporter; further ones become part of the newest.
constexpr std::size_t kMostWaiting = 16;

std::string gap_id(const store::Gap& gap) {
  const std::string first = std::to_string(gap.first), last = std::to_string(gap.last);
  const std::string when = std::to_string(gap.unix_ns);
  const std::array<std::string_view, 4> parts{gap.exporter, first, last, when};
  std::string id(event::kUuidLength, '\0');
  event::IdMaker().derive("gap", parts, gap.unix_ns, id.data());
  return id;
}

void merge(store::Gap& into, const store::Gap& later) {
  into.first = std::min(into.first, later.first);
  into.last = std::max(into.last, later.last);
  for (std::size_t i = 0; i < store::kSeverities; ++i) into.by_severity[i] += later.by_severity[i];
  into.to_letters = into.to_letters && later.to_letters;
  into.reason = later.reason;
  into.unix_ns = later.unix_ns;
}

}  // namespace

std::string gap_event_json(const store::Gap& gap, std::string_view host_name) {
  std::size_t worst = 0;
  for (std::size_t i = 0; i < store::kSeverities; ++i)
    if (gap.by_severity[i] > 0) worst = i;
  OwnEvent event;
  event.id = gap_id(gap);
  event.unix_ns = gap.unix_ns;
  event.type = "policy_violation";
  event.action = "events_not_delivered";
  event.severity = kSeverityWords[worst];
  event.success = false;
  event.ingested = true;
  event.reason = std::to_string(gap.events()) + (gap.events() == 1 ? " event" : " events") +
                 " not delivered: " + gap.reason + (gap.to_letters ? "; in the dead letters" : "; dropped");
  event.resource_name = "exporter " + gap.exporter;
  event.resource_path = "exporters." + gap.exporter + ".queue";
  return own_event_json(event, host_name, [&](Json& json) {
    json.text("exporter", gap.exporter);
    json.integer("events", gap.events());
    json.integer("first_sequence", gap.first);
    json.integer("last_sequence", gap.last);
    json.boolean("dead_letters", gap.to_letters);
    json.open("by_severity");
    for (std::size_t i = 0; i < store::kSeverities; ++i) json.integer(kSeverityWords[i], gap.by_severity[i]);
    json.close();
  });
}

// Of the one notice that is on its way.
class GapNotices::Sink final : public delivery::ReplaySink {
 public:
  Sink(std::shared_ptr<Shared> shared, std::string exporter)
      : shared_(std::move(shared)), exporter_(std::move(exporter)) {}
  void settle(store::Sequence, store::Sequence, const std::array<uint64_t, 4>&) override {
    const std::lock_guard lock(shared_->mutex);
    shared_->waiting[exporter_].on_its_way = false;
  }
  void dead_letter(store::DeadLetter letter) override {
    log::warn(5010, exporter_, "the notice of events not delivered was given up: " + letter.vendor_text);
  }
  bool is_filtered() const override { return false; }

 private:
  const std::shared_ptr<Shared> shared_;
  const std::string exporter_;
};

GapNotices::GapNotices(delivery::Delivery& delivery, store::Revive revive, std::string host_name)
    : delivery_(delivery), revive_(std::move(revive)), host_name_(std::move(host_name)) {}

GapNotices::~GapNotices() = default;

void GapNotices::add(const store::Gap& gap) {
  if (!wanted_.contains(gap.exporter)) return;
  const std::lock_guard lock(shared_->mutex);
  auto& gaps = shared_->waiting[gap.exporter].gaps;
  if (gaps.size() < kMostWaiting)
    gaps.push_back(gap);
  else
    merge(gaps.back(), gap);
}

void GapNotices::tick() {
  if (wanted_.empty()) return;
  std::vector<store::Gap> next;
  {
    const std::lock_guard lock(shared_->mutex);
    for (auto& [exporter, waiting] : shared_->waiting) {
      if (waiting.gaps.empty() || std::exchange(waiting.on_its_way, true)) continue;
      next.push_back(std::move(waiting.gaps.front()));
      waiting.gaps.erase(waiting.gaps.begin());
    }
  }
  for (const store::Gap& gap : next) {
    event::BatchBuilder builder(event::BatchPool::create(1));
    const auto sink = std::make_shared<Sink>(shared_, gap.exporter);
    if (revive_(gap_event_json(gap, host_name_), builder) &&
        delivery_.replay(gap.exporter, builder.seal(system_clock().mono_ns()), sink))
      continue;
    log::warn(5010, gap.exporter, "the notice of events not delivered could not be sent");
    sink->settle(0, 0, {});
  }
}

}  // namespace csiem::pipeline
