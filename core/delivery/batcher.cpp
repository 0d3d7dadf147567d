#include "delivery/batcher.hpp"

#include <algorithm>
#include <limits>

#include "delivery/abi_text.hpp"

namespace csiem::delivery {
namespace {

// Events looked at in one go, so that lanes which share a thread take turns even when a filter drops everything.
constexpr uint32_t kFairShare = 8192;
// Overtaking batches that may exist at once; beyond that urgency has lost its meaning.
constexpr std::size_t kMaxOvertaking = 4;

}  // namespace

BatchLimits batch_limits(const config::Exporter& settings, const csiem_limits& plugin) {
  BatchLimits limits;
  limits.max_events = static_cast<uint32_t>(std::clamp<uint64_t>(settings.batch_size, 1, 1'000'000));
  limits.max_bytes = std::max<uint64_t>(settings.batch_max_bytes, 1);
  if (plugin.max_events > 0) limits.max_events = std::min(limits.max_events, plugin.max_events);
  if (plugin.max_batch_bytes > 0) limits.max_bytes = std::min(limits.max_bytes, plugin.max_batch_bytes);
  limits.max_event_bytes = plugin.max_event_bytes;
  limits.urgent_severity = settings.flush_on_severity;
  return limits;
}

Batcher::Batcher(const config::Exporter& settings, const BatchLimits& limits, const Rendering& rendering,
                 Settlement& settlement)
    : settings_(settings),
      limits_(limits),
      rendering_(rendering),
      settlement_(settlement),
      filter_(settings.filter),
      keeps_all_(filter_.keeps_all()),
      open_(settings.routes.size() + 1),
      overtaking_(settings.routes.size() + 1) {}

uint32_t Batcher::route(const csiem_event& event) const {
  uint32_t index = 0;
  for (const config::Destination& destination : settings_.routes) {
    if (!destination.when || destination.when->matches(event, now_unix_ns_)) return index;
    ++index;
  }
  return index;  // the exporter's own settings
}

OutBatch* Batcher::begin(uint32_t destination, bool overtaking) {
  OutBatch* batch = pool_.take();
  batch->begin(next_sequence_++, destination, rendering_.format != nullptr);
  batch->overtaking = overtaking;
  if (overtaking) ++overtaking_in_use_;
  return batch;
}

void Batcher::seal(OutBatch*& open) {
  open->seal();
  full_.push_back(open);
  open = nullptr;
}

void Batcher::recycle(OutBatch* batch) {
  if (batch->overtaking) --overtaking_in_use_;
  pool_.give_back(batch);
}

void Batcher::refuse(OutBatch* open, SourceBatch* source, const csiem_event& event, int code, std::string text) {
  open->drop_pending();
  unrenderable_.push_back({source, &event, open->destination(), code, std::move(text)});
}

bool Batcher::render_event(SourceBatch* source, const csiem_event& event, std::vector<OutBatch*>& opens) {
  const bool filtered = !keeps_all_ && (source->replay == nullptr || source->replay->is_filtered());
  if (filtered && filter_.refusal(event, now_unix_ns_) != nullptr) return false;
  const uint32_t destination = route(event);
  OutBatch*& open = opens[destination];
  const bool overtaking = &opens == &overtaking_;
  if (open == nullptr) open = begin(destination, overtaking);

  std::size_t bytes = event.canonical_json.len;
  if (rendering_.format != nullptr) {
    if (auto encoded = rendering_.format->encode(event, open->writer()); !encoded) {
      refuse(open, source, event, kNotFormatted, encoded.error().what());
      return true;
    }
    if (rendering_.moves != nullptr) {
      rewritten_.clear();
      rendering_.moves->apply(event, open->pending(), rewritten_.writer());
      open->drop_pending();
      open->append_bytes(rewritten_.view());
    }
    if (rendering_.fields != nullptr) {
      rewritten_.clear();
      rendering_.fields->apply(open->pending(), rewritten_.writer());
      open->drop_pending();
      open->append_bytes(rewritten_.view());
    }
    bytes = open->pending_bytes();
    if (std::string why;
        rendering_.check != nullptr && !rendering_.check->passes(open->pending(), view(event.event_id), why)) {
      refuse(open, source, event, kBreaksSchema, std::move(why));
      return true;
    }
  }
  if (limits_.max_event_bytes > 0 && bytes > limits_.max_event_bytes) {
    refuse(open, source, event, kTooLarge,
           std::to_string(bytes) + " bytes; the exporter takes " + std::to_string(limits_.max_event_bytes));
    return true;
  }
  if (!open->empty() && open->bytes() + bytes > limits_.max_bytes) {
    OutBatch* next = begin(destination, overtaking);
    next->append_bytes(open->pending());
    open->drop_pending();
    seal(open);
    open = next;
  }
  open->append(source, &event, bytes, now_ns_);
  if (event.severity >= limits_.urgent_severity) open->urgent = true;
  if (open->count() >= limits_.max_events || open->bytes() >= limits_.max_bytes) seal(open);
  return true;
}

bool Batcher::render(std::size_t room, int64_t now_ns, int64_t now_unix_ns) {
  now_ns_ = now_ns;
  now_unix_ns_ = now_unix_ns;
  uint32_t budget = kFairShare;
  while (!inbox_.empty() && full_.size() < room) {
    if (budget == 0) return true;
    SourceBatch* const source = inbox_.front();
    const auto events = source->batch->events();
    const auto end = static_cast<uint32_t>(std::min<std::size_t>(events.size(), std::size_t{source->next} + budget));
    budget -= end - source->next;
    // Neighbours are told together.
    uint32_t filtered = 0, filtered_first = 0;
    const auto end_filtered = [&] {
      if (filtered > 0) settlement_.end(source, store::Fate::filtered, filtered_first, filtered);
      filtered = 0;
    };
    while (source->next < end && full_.size() < room) {
      const uint32_t at = source->next++;
      if (source->taken_next < source->taken.size() && source->taken[source->taken_next] == at) {
        ++source->taken_next;
        end_filtered();
      } else if (render_event(source, events[at], open_)) {
        end_filtered();
      } else if (filtered++ == 0) {
        filtered_first = at;
      }
    }
    end_filtered();
    if (source->next < events.size()) continue;
    inbox_.pop_front();
    if (scanned_ > 0) --scanned_;
    settlement_.passed(source);  // may settle and reuse it
  }
  return false;
}

void Batcher::overtake(int64_t now_ns, int64_t now_unix_ns) {
  now_ns_ = now_ns;
  now_unix_ns_ = now_unix_ns;
  for (; scanned_ < inbox_.size() && overtaking_in_use_ < kMaxOvertaking; ++scanned_) {
    SourceBatch* const source = inbox_[scanned_];
    const auto events = source->batch->events();
    for (auto at = source->next; at < events.size(); ++at) {
      if (events[at].severity < limits_.urgent_severity) continue;
      const auto place = std::lower_bound(source->taken.begin(), source->taken.end(), at);
      if (place != source->taken.end() && *place == at) continue;
      // A filtered one is left where it is: its turn ends it.
      if (!render_event(source, events[at], overtaking_)) continue;
      source->taken.insert(place, at);
    }
  }
}

void Batcher::seal_due(int64_t begun_before_ns, bool all) {
  for (OutBatch*& open : overtaking_)
    if (open != nullptr && !open->empty()) seal(open);
  for (OutBatch*& open : open_) {
    if (open == nullptr || open->empty()) continue;
    if (!open->urgent && !all && open->begun_ns() > begun_before_ns) continue;
    if (open->urgent && !settings_.ordered) {
      open->overtaking = true;
      ++overtaking_in_use_;
    }
    seal(open);
  }
}

int64_t Batcher::oldest_open_ns() const {
  int64_t oldest = std::numeric_limits<int64_t>::max();
  for (const OutBatch* open : open_)
    if (open != nullptr && !open->empty()) oldest = std::min(oldest, open->begun_ns());
  return oldest;
}

bool Batcher::has_urgent() const {
  const auto urgent = [](const OutBatch* open) { return open != nullptr && !open->empty() && open->urgent; };
  return std::any_of(open_.begin(), open_.end(), urgent) || std::any_of(overtaking_.begin(), overtaking_.end(), urgent);
}

bool Batcher::nothing_open() const {
  const auto empty = [](const OutBatch* open) { return open == nullptr || open->empty(); };
  return std::all_of(open_.begin(), open_.end(), empty) && std::all_of(overtaking_.begin(), overtaking_.end(), empty);
}

}  // namespace csiem::delivery
