// A destination took a batch and will confirm it: until then its events are the log's business.

#include <algorithm>
#include <utility>

#include "base/clock.hpp"
#include "base/log.hpp"
#include "delivery/lane_core.hpp"

namespace csiem::delivery {
namespace {

std::vector<Unconfirmed::Part> parts_of(const Parcel& parcel) {
  std::vector<Unconfirmed::Part> parts;
  const auto events = parcel.events();
  for (uint32_t i = 0; i < parcel.count; ++i) {
    SourceBatch* const source = parcel.batch->run_of(parcel.at(i)).source;
    const auto sequence = source->first + static_cast<uint64_t>(events[i] - source->batch->events().data());
    if (!parts.empty() && parts.back().source == source && parts.back().last + 1 == sequence)
      parts.back().last = sequence;
    else
      parts.push_back({source, sequence, sequence});
  }
  return parts;
}

}  // namespace

// Whether the batch may be forgotten: its events can be had again, and whatever is said about them later, the lane
// needs nothing of them at that moment.
bool Lane::may_let_go(const Flight& flight, int64_t now) const {
  const Parcel& parcel = *flight.parcel;
  // In order, only this batch is under way.
  if (flight.requests_open > 0 || context_.settings.ordered || context_.dry_run || parked_ || parcel.search)
    return false;
  const int64_t age = parcel.first_sent_running_ns < 0 ? 0 : running_ns(now) - parcel.first_sent_running_ns;
  if (retry_.max_retries >= 0 && int64_t{parcel.attempt} >= retry_.max_retries) return false;
  if (age > retry_.max_elapsed_ms * kNsPerMs) return false;  // may become a dead letter, which needs the event
  for (uint32_t i = 0; i < parcel.count; ++i)
    if (!settlement_.may_let_go(*parcel.batch->run_of(parcel.at(i)).source)) return false;
  return true;
}

void Lane::let_go(uint64_t token, int64_t now) {
  if (const Flight* flight = context_.flights.find(token); flight == nullptr || !may_let_go(*flight, now)) return;
  Unconfirmed one;
  one.flight = context_.flights.take(token);
  Flight& flight = *one.flight;
  on_accepted(flight, now);
  flight.probe = false;  // it has shown what it was sent for
  flight.confirming = true;
  Parcel& parcel = *flight.parcel;
  one.parts = parts_of(parcel);
  OutBatch* const batch = std::exchange(parcel.batch, nullptr);
  parcel.index = {};
  parcel.event_subset = {};
  parcel.body_subset = {};
  parcel.abi = {};
  for (const Unconfirmed::Part& part : one.parts) settlement_.let_go(part.source, part.last - part.first + 1);
  batch->open_events -= parcel.count;
  if (batch->open_events == 0) batcher_->recycle(batch);
  context_.unconfirmed.add(std::move(one));
}

void Lane::end_let_go(const Flight& flight, const Unconfirmed::Part& part, int32_t outcome) {
  const bool delivered = outcome == CSIEM_DELIVERED;
  if (delivered && flight.resent)
    context_.stats.duplicates_possible.fetch_add(part.last - part.first + 1, std::memory_order_relaxed);
  settlement_.end_let_go(part.source, delivered ? store::Fate::delivered : store::Fate::filtered, part.first,
                         part.last);
}

// The plugin's last word about a batch that was let go.
void Lane::confirmed(Unconfirmed one, const Verdict& verdict, int64_t now) {
  Flight& flight = *one.flight;
  if (!verdict.breach.empty()) strike(verdict.breach, now);
  const auto ended = [](int32_t outcome) { return outcome == CSIEM_DELIVERED || outcome == CSIEM_SKIPPED; };
  auto named = verdict.named.begin();
  Unconfirmed rest;
  uint32_t member = 0;
  for (const Unconfirmed::Part& part : one.parts) {
    if (verdict.named.empty() && ended(verdict.outcome)) {
      end_let_go(flight, part, verdict.outcome);
      continue;
    }
    for (store::Sequence at = part.first; at <= part.last; ++at, ++member) {
      const bool is_named = named != verdict.named.end() && named->index == member;
      const int32_t outcome = is_named ? (named++)->outcome : verdict.outcome;
      if (ended(outcome)) {
        end_let_go(flight, {part.source, at, at}, outcome);
      } else if (!rest.parts.empty() && rest.parts.back().source == part.source && rest.parts.back().last + 1 == at) {
        rest.parts.back().last = at;
      } else {
        rest.parts.push_back({part.source, at, at});
      }
    }
  }
  uint64_t left = 0;
  for (const Unconfirmed::Part& part : rest.parts) left += part.last - part.first + 1;
  if (left < flight.parcel->count) {
    give_up(suspects_);
    if (verdict.retry_after_ms > 0) context_.limiter->throttled(now);
  }
  if (left == 0) return;
  on_failure(flight, verdict, now);
  context_.stats.duplicates_possible.fetch_add(left, std::memory_order_relaxed);
  context_.stats.retries.fetch_add(1, std::memory_order_relaxed);
  ++flight.parcel->attempt;
  rest.due_ns = now + std::max(backoff_ms(retry_, flight.parcel->attempt, random_), verdict.retry_after_ms) * kNsPerMs;
  rest.flight = std::move(one.flight);
  context_.unconfirmed.rest(std::move(rest));
}

void Lane::give_back_due(int64_t now) {
  for (Unconfirmed one = context_.unconfirmed.take_due(now); one.flight; one = context_.unconfirmed.take_due(now)) {
    const Parcel& parcel = *one.flight->parcel;
    for (const Unconfirmed::Part& part : one.parts) {
      given_back_.note({part.first, part.last}, parcel.attempt, parcel.first_sent_running_ns);
      settlement_.give_back(part.source, part.first, part.last);
    }
  }
}

}  // namespace csiem::delivery
