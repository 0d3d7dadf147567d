#include "delivery/out_batch.hpp"

#include <algorithm>
#include <limits>

#include "delivery/abi_text.hpp"

namespace csiem::delivery {
void OutBatch::begin(uint64_t sequence, uint32_t destination, bool formatted) {
  sequence_ = sequence;
  destination_ = destination;
  formatted_ = formatted;
  end_ = bytes_ = 0;
  urgent = overtaking = false;
  open_events = 0;
  body_.clear();
  ends_.clear();
  events_.clear();
  bodies_.clear();
  runs_.clear();
}

void OutBatch::append(SourceBatch* source, const csiem_event* event, std::size_t bytes, int64_t now_ns) {
  if (events_.empty()) begun_ns_ = now_ns;
  end_ = body_.size();
  if (formatted_) ends_.push_back(end_);
  bytes_ += bytes;
  if (runs_.empty() || runs_.back().source != source) runs_.push_back({source, count(), 0});
  ++runs_.back().count;
  events_.push_back(event);
}

void OutBatch::seal() {
  open_events = count();
  if (!formatted_) return;
  bodies_.reserve(ends_.size());
  const char* const base = body_.view().data();
  std::size_t from = 0;
  for (const std::size_t to : ends_) {
    bodies_.push_back({base + from, to - from});
    from = to;
  }
}

const OutBatch::Run& OutBatch::run_of(uint32_t index) const {
  const auto after = std::upper_bound(runs_.begin(), runs_.end(), index,
                                      [](uint32_t wanted, const Run& run) { return wanted < run.first; });
  return *std::prev(after);
}

OutBatch* OutBatchPool::take() {
  if (idle_.empty()) {
    all_.push_back(std::make_unique<OutBatch>());
    return all_.back().get();
  }
  OutBatch* batch = idle_.back();
  idle_.pop_back();
  return batch;
}

std::span<const csiem_event* const> Parcel::events() const noexcept {
  if (!index.empty()) return event_subset;
  return batch->events().subspan(first, count);
}

std::span<const csiem_str> Parcel::bodies() const noexcept {
  if (!batch->formatted()) return {};
  if (!index.empty()) return body_subset;
  return batch->bodies().subspan(first, count);
}

std::size_t Parcel::bytes() const noexcept {
  std::size_t sum = 0;
  if (batch->formatted()) {
    for (const csiem_str& body : bodies()) sum += body.len;
  } else {
    for (const csiem_event* event : events()) sum += event->canonical_json.len;
  }
  return sum;
}

bool Parcel::before(const Parcel& other) const noexcept {
  if (batch->overtaking != other.batch->overtaking) return batch->overtaking;
  if (batch->sequence() != other.batch->sequence()) return batch->sequence() < other.batch->sequence();
  return position() < other.position();
}

std::unique_ptr<Parcel> whole_parcel(OutBatch& batch) {
  auto parcel = std::make_unique<Parcel>();
  parcel->batch = &batch;
  parcel->count = batch.count();
  for (const OutBatch::Run& run : batch.runs()) {
    if (run.source->first_sent_running_ns < 0) continue;
    parcel->attempt = std::max(parcel->attempt, run.source->attempt);
    parcel->unconfirmed = true;
    parcel->first_sent_running_ns = parcel->first_sent_running_ns < 0
                                        ? run.source->first_sent_running_ns
                                        : std::min(parcel->first_sent_running_ns, run.source->first_sent_running_ns);
  }
  return parcel;
}

std::unique_ptr<Parcel> sub_parcel(const Parcel& parent, std::span<const uint32_t> members) {
  auto parcel = std::make_unique<Parcel>();
  parcel->batch = parent.batch;
  parcel->count = static_cast<uint32_t>(members.size());
  parcel->attempt = parent.attempt;
  parcel->sent = parent.sent;
  parcel->restarts = parent.restarts;
  parcel->kept = parent.kept;
  parcel->first_sent_unix_ns = parent.first_sent_unix_ns;
  parcel->last_sent_unix_ns = parent.last_sent_unix_ns;
  parcel->first_sent_running_ns = parent.first_sent_running_ns;
  const uint32_t begin = parent.at(members.front());
  const uint32_t end = parent.at(members.back()) + 1;
  if (end - begin == members.size()) {
    parcel->first = begin;
    return parcel;
  }
  const auto events = parent.events();
  const auto bodies = parent.bodies();
  for (const uint32_t member : members) {
    parcel->index.push_back(parent.at(member));
    parcel->event_subset.push_back(events[member]);
    if (!bodies.empty()) parcel->body_subset.push_back(bodies[member]);
  }
  return parcel;
}

std::string idempotency_key(const Parcel& parcel, Sha256& hasher) {
  const auto events = parcel.events();
  if (events.size() == 1) return std::string(view(events.front()->event_id));
  for (const csiem_event* event : events) {
    hasher.update(view(event->event_id));
    hasher.update(std::string_view("\n", 1));
  }
  return to_hex(hasher.finish());
}

void ParcelQueue::put(std::unique_ptr<Parcel> parcel) {
  // From the back: new parcels are the newest, so this is one comparison in steady work.
  auto at = parcels_.end();
  while (at != parcels_.begin() && parcel->before(**std::prev(at))) --at;
  parcels_.insert(at, std::move(parcel));
}

std::unique_ptr<Parcel> ParcelQueue::take(int64_t now_ns, bool in_order) {
  for (auto at = parcels_.begin(); at != parcels_.end(); ++at) {
    if ((*at)->ready_at_ns <= now_ns) {
      auto parcel = std::move(*at);
      parcels_.erase(at);
      return parcel;
    }
    if (in_order) break;
  }
  return nullptr;
}

std::unique_ptr<Parcel> ParcelQueue::take_probe(uint32_t round, uint32_t destination) {
  std::vector<std::size_t> candidates;
  // What was refused before tells the least.
  for (const bool kept : {false, true}) {
    if (!candidates.empty()) break;
    for (std::size_t i = 0; i < parcels_.size(); ++i)
      if (parcels_[i]->batch->destination() == destination && parcels_[i]->kept == kept) candidates.push_back(i);
  }
  if (candidates.empty())
    for (std::size_t i = 0; i < parcels_.size(); ++i) candidates.push_back(i);
  if (candidates.empty()) return nullptr;
  const auto at = parcels_.begin() + static_cast<std::ptrdiff_t>(candidates[round % candidates.size()]);
  auto parcel = std::move(*at);
  parcels_.erase(at);
  if (parcel->count == 1) return parcel;
  const uint32_t chosen = static_cast<uint32_t>(round / candidates.size()) % parcel->count;
  std::vector<uint32_t> rest;
  for (uint32_t i = 0; i < parcel->count; ++i)
    if (i != chosen) rest.push_back(i);
  auto others = sub_parcel(*parcel, rest);
  others->search = parcel->search;
  others->ready_at_ns = parcel->ready_at_ns;
  others->after_timeout = parcel->after_timeout;
  if (parcel->search) parcel->search->bisect.add_part();
  auto probe = sub_parcel(*parcel, std::span(&chosen, 1));
  probe->search = parcel->search;
  put(std::move(others));
  return probe;
}

int64_t ParcelQueue::next_ready_ns(bool in_order) const {
  int64_t next = std::numeric_limits<int64_t>::max();
  for (const auto& parcel : parcels_) {
    next = std::min(next, parcel->ready_at_ns);
    if (in_order) break;
  }
  return next;
}

std::size_t ParcelQueue::ready(int64_t now_ns) const {
  return static_cast<std::size_t>(std::count_if(parcels_.begin(), parcels_.end(),
                                                [&](const auto& parcel) { return parcel->ready_at_ns <= now_ns; }));
}

}  // namespace csiem::delivery
