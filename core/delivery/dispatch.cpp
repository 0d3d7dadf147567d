// Which batch leaves next, and when.

#include <algorithm>
#include <utility>

#include "base/clock.hpp"
#include "base/fault_point.hpp"
#include "base/log.hpp"
#include "delivery/lane_core.hpp"

namespace csiem::delivery {
namespace {

// Memory of events that a destination has taken and not confirmed, and of those on their way.
constexpr std::size_t kConfirmingWindow = 64U << 20;

}  // namespace

Lane::Gate Lane::gate(int64_t now) const {
  if (parked_ || paused_ || !started_ || refreshes_open_ > 0) return {Gate::closed, kNever};
  if (now < paused_until_ns_) return {Gate::closed, paused_until_ns_};
  if (hold_) return now < hold_.probe_at_ns() ? Gate{Gate::closed, hold_.probe_at_ns()} : Gate{Gate::probe, 0};
  if (breaker_.state() == Breaker::State::half_open) return {Gate::closed, kNever};
  if (breaker_.state() == Breaker::State::open)
    return now < breaker_.probe_at_ns() ? Gate{Gate::closed, breaker_.probe_at_ns()} : Gate{Gate::probe, 0};
  return {Gate::free, 0};
}

void Lane::queue_full_batches() {
  for (OutBatch* batch : batcher_->full()) queue_.put(whole_parcel(*batch));
  batcher_->full().clear();
}

void Lane::dispatch(int64_t now) {
  wake_at_ns_ = kNever;
  for (;;) {
    const Gate gate_now = gate(now);
    if (gate_now.pass == Gate::closed) {
      wake_at_ns_ = gate_now.until_ns;
      return;
    }
    const bool probe = gate_now.pass == Gate::probe;
    if (probe ? on_the_way() > 0 : !permits_.free(on_the_way())) return;
    if (const int64_t wait = context_.limiter->wait_ns(now); wait > 0) {
      wake_at_ns_ = now + wait;
      return;
    }
    const int64_t flush_ns = context_.settings.flush_interval_ms * kNsPerMs;
    // Nothing more comes in before something goes out: the batch will not get any larger.
    const bool idle = queue_.empty() && context_.flights.empty() && batcher_->inbox_empty();
    const bool sated = idle && context_.stats.queued_bytes.load(std::memory_order_relaxed) >= enough_bytes_;
    batcher_->seal_due(now - flush_ns, flushing_ || sated || (probe && queue_.empty()));
    queue_full_batches();
    if (!send_next(now, probe)) {
      wake_at_ns_ = queue_.next_ready_ns(context_.settings.ordered);
      if (const int64_t oldest = batcher_->oldest_open_ns(); oldest != kNever)
        wake_at_ns_ = std::min(wake_at_ns_, oldest + flush_ns);
      return;
    }
  }
}

// False when nothing may go now.
bool Lane::send_next(int64_t now, bool probe) {
  if (probe) {
    // The oldest event first; if that one fails, others: it may be the event that the server cannot stand.
    const bool by_event = !hold_ || hold_.kind() == Hold::Kind::rejected_all;
    auto parcel = queue_.take_probe(by_event ? probe_round_++ : 0, held_outlet_);
    if (!parcel) return false;
    if (hold_) {
      hold_.postpone(now, tuning_.probe_interval_ms * kNsPerMs);
    } else {
      breaker_.begin_probe();
    }
    submit(std::move(parcel), true, now);
    return true;
  }
  auto parcel = queue_.take(now, context_.settings.ordered);
  if (!parcel) return false;
  // A server that restarts forgets many batches at once, and takes them at full speed: no reason to dole them out.
  if (parcel->attempt > 0 && !parcel->unconfirmed) {
    if (const int64_t wait = budget_.wait_ns(now, parcel->after_timeout); wait > 0) {
      parcel->ready_at_ns = now + wait;
      queue_.put(std::move(parcel));
      return true;  // others need not wait for it
    }
    budget_.take(now, parcel->after_timeout);
  }
  submit(std::move(parcel), false, now);
  return true;
}

void Lane::submit(std::unique_ptr<Parcel> parcel, bool probe, int64_t now) {
  Flight& flight = context_.flights.add();
  flight.parcel = std::move(parcel);
  flight.token = context_.tokens->next();
  flight.outlet = flight.parcel->batch->destination();
  flight.probe = probe;
  flight.sent_ns = flight.quiet_since_ns = now;

  Parcel& load = *flight.parcel;
  if (load.batch_id == 0) {
    load.batch_id = next_batch_id_++;
    load.idempotency_key = idempotency_key(load, hasher_);
  }
  load.last_sent_unix_ns = clock_.unix_ns();
  if (load.sent++ == 0) load.first_sent_unix_ns = load.last_sent_unix_ns;
  if (load.first_sent_running_ns < 0) load.first_sent_running_ns = running_ns(now);

  csiem_batch& batch = load.abi;
  batch = {};
  batch.struct_size = sizeof batch;
  batch.count = load.count;
  batch.attempt = load.attempt;
  batch.batch_id = load.batch_id;
  batch.deadline_mono_ns = now + context_.settings.timeout_ms * kNsPerMs;
  batch.events = load.events().data();
  batch.bodies = load.bodies().empty() ? nullptr : load.bodies().data();
  if (format_component_ != nullptr)
    batch.content_type = {format_component_->content_type.data(), format_component_->content_type.size()};
  batch.idempotency_key = {load.idempotency_key.data(), load.idempotency_key.size()};

  CSIEM_FAULT_POINT("request-sent");
  const uint64_t token = flight.token;
  if (own_io() && context_.dry_run) {
    context_.dry_run(id(), render_bodies(batch, exporter_->name));
    Verdict delivered;
    delivered.outcome = CSIEM_DELIVERED;
    finish(context_.flights.take(token), delivered, now);
    return;
  }
  if (own_io()) {
    context_.limiter->take_request(now);
    context_.stats.requests.fetch_add(1, std::memory_order_relaxed);
  }
  context_.limiter->take_bytes(load.bytes(), now);

  InstanceServices& services = *outlets_[flight.outlet].services;
  std::string error;
  const uint64_t strikes = services.strikes();
  const csiem_status status = services.submit(batch, token, &error);
  if (status != CSIEM_OK) submit_failed(token, status, error, services.strikes() != strikes, now);
}

void Lane::submit_failed(uint64_t token, csiem_status status, const std::string& error, bool struck, int64_t now) {
  auto flight = context_.flights.take(token);
  if (!flight) return;
  outlets_[flight->outlet].services->close(token);
  if (status == CSIEM_E_BUSY) {
    paused_until_ns_ = std::max(paused_until_ns_, now + tuning_.busy_retry_ms * kNsPerMs);
    breaker_.probe_undecided();
    if (hold_ && flight->probe) hold_.probe_now(now);
    queue_.put(std::move(flight->parcel));
    return;
  }
  if (status == CSIEM_E_LIMIT && flight->oversize_bytes > 0) {
    refit(*flight, now);
    return;
  }
  if (!struck) strike("submit failed with status " + std::to_string(status) + ": " + clean_text(error), now);
  Verdict verdict;
  verdict.outcome = CSIEM_RETRY;
  verdict.text = clean_text(error);
  if (!parked_) {
    finish(std::move(flight), verdict, now);
  } else {
    queue_.put(std::move(flight->parcel));
  }
}

// What waits for a confirmation takes no permit: it costs the server nothing any more. In order it does, as the next
// batch may not pass this one when it has to be sent again.
std::size_t Lane::on_the_way() const {
  const Flights& flights = context_.flights;
  return flights.size() - (context_.settings.ordered ? 0 : flights.confirming());
}

// An exporter that confirms later has had its answer and keeps the batch.
void Lane::note_confirming(int64_t now) {
  if (!context_.confirms_later) return;
  uint64_t events = 0;
  bool newly = false;
  for (const auto& flight : context_.flights.all()) {
    const bool taken = flight->requests_made > 0 && flight->requests_open == 0 &&
                       flight->transport == http::Transport::ok && flight->status >= 200 && flight->status < 300;
    if (taken && !flight->confirming) {
      on_accepted(*flight, now);
      flight->probe = false;  // it has shown what it was sent for
      context_.flights.confirming(*flight);
      newly = true;
    }
    if (flight->confirming) events += flight->parcel->count;
  }
  if (events > 0 && !window_widened_) {
    window_widened_ = true;
    cursor_->set_window(kConfirmingWindow);
  }
  const uint64_t let_go = context_.unconfirmed.events();
  context_.stats.let_go_events.store(let_go, std::memory_order_relaxed);
  context_.stats.confirming_events.store(events + let_go, std::memory_order_relaxed);
  context_.stats.confirming_bytes.store(context_.flights.confirming_bytes(), std::memory_order_relaxed);
  if (newly) settlement_.eased();
}

int64_t Lane::silence_ns(const Flight& flight) const {
  const int64_t limit = flight.confirming ? tuning_.confirm_limit_ms : tuning_.silence_limit_ms;
  return std::max(limit, context_.settings.timeout_ms) * kNsPerMs;
}

// A plugin that took a batch and neither finishes it nor has a request of it on the wire has lost it.
void Lane::check_silence(int64_t now) {
  while (const Flight* oldest = context_.unconfirmed.oldest()) {
    const int64_t limit = silence_ns(*oldest);
    if (parked_ || now - oldest->quiet_since_ns < limit) break;
    Unconfirmed one = context_.unconfirmed.take(oldest->token);
    outlets_[one.flight->outlet].services->cancel(one.flight->token);
    strike("did not finish a batch within " + std::to_string(limit / 1'000'000'000) + " s", now);
    Verdict verdict;
    verdict.outcome = CSIEM_RETRY;
    confirmed(std::move(one), verdict, now);
  }
  for (;;) {
    const auto& all = context_.flights.all();
    const auto silent = std::find_if(all.begin(), all.end(), [&](const auto& flight) {
      return flight->requests_open == 0 && now - flight->quiet_since_ns >= silence_ns(*flight);
    });
    if (silent == all.end()) return;
    const int64_t limit = silence_ns(**silent);
    auto flight = context_.flights.take((*silent)->token);
    outlets_[flight->outlet].services->cancel(flight->token);
    const std::string what = "did not finish a batch within " + std::to_string(limit / 1'000'000'000) + " s";
    strike(what, now);
    flight->transport = http::Transport::timeout;
    flight->transport_text = "the plugin " + what;
    flight->ambiguous = true;
    Verdict verdict;
    verdict.outcome = CSIEM_RETRY;
    if (parked_) {
      queue_.put(std::move(flight->parcel));
      return;
    }
    finish(std::move(flight), verdict, now);
  }
}

}  // namespace csiem::delivery
