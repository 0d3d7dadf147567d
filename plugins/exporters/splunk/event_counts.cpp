// Counts in a short list.
// SPDX-License-Identifier: Apache-2.0
#include "splunk/event_counts.hpp"

#include <algorithm>

#include "common/text.hpp"
#include "splunk/envelope.hpp"

namespace csiem::splunk {
namespace {

constexpr std::size_t kLongestValue = 128;

}  // namespace

void EventCounts::add(const csiem_event& event) {
  add(view(event.type_name), view(event.severity_name), view(event.outcome_name),
      common::clip(view(event.guard), kLongestValue), 1);
}

void EventCounts::add(std::string_view type, std::string_view severity, std::string_view outcome,
                      std::string_view guard, uint64_t count) {
  if (last_ < kinds_.size() && kinds_[last_].is(type, severity, outcome, guard)) {
    kinds_[last_].count += count;
    return;
  }
  auto at = std::find_if(kinds_.begin(), kinds_.end(),
                         [&](const Kind& kind) { return kind.is(type, severity, outcome, guard); });
  if (at == kinds_.end() && kinds_.size() < kMostKinds)
    at = kinds_.insert(kinds_.end(),
                       {std::string(type), std::string(severity), std::string(outcome), std::string(guard), 0});
  if (at == kinds_.end()) {
    at = std::find_if(kinds_.begin(), kinds_.end(), [](const Kind& kind) { return kind.is({}, {}, {}, {}); });
    if (at == kinds_.end()) at = kinds_.insert(kinds_.end(), Kind{{}, {}, {}, {}, 0});
  }
  at->count += count;
  last_ = static_cast<std::size_t>(at - kinds_.begin());
}

void EventCounts::merge(const EventCounts& other) {
  for (const Kind& kind : other.kinds_) add(kind.type, kind.severity, kind.outcome, kind.guard, kind.count);
}

void EventCounts::write(int64_t unix_ns, std::string_view index, std::string_view source, std::string_view host,
                        Request& out) const {
  for (const Kind& kind : kinds_)
    out.write([&](Out& o) {
      o.raw("{\"time\":");
      write_time(unix_ns, o);
      o.raw(",\"event\":\"metric\",\"index\":");
      o.string(index);
      const auto member = [&](std::string_view before, std::string_view value) {
        if (value.empty()) return;
        o.raw(before);
        o.string(value);
      };
      member(",\"source\":", source);
      member(",\"host\":", host);
      o.raw(",\"fields\":{\"metric_name:clawdstrike.events\":");
      o.integer(static_cast<int64_t>(kind.count));
      member(",\"event_type\":", kind.type);
      member(",\"severity\":", kind.severity);
      member(",\"outcome\":", kind.outcome);
      member(",\"guard\":", kind.guard);
      o.raw("}}\n");
    });
}

}  // namespace csiem::splunk
