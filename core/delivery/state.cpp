// How the lane stands with its destination, and what is said about it.

#include <algorithm>
#include <utility>

#include "base/clock.hpp"
#include "base/log.hpp"
#include "delivery/lane_core.hpp"

namespace csiem::delivery {
namespace {

constexpr double kForgivenPerNs = 1.0 / 60e9;

FailureKind kind_of(const Flight& flight) {
  return flight.confirming ? FailureKind::timeout : failure_kind(flight);  // of the confirmation
}

// Of messages.def; 0: nothing is wrong.
int code_of(const Flight& flight, int32_t outcome) {
  switch (outcome) {
    case CSIEM_RETRY:
      return failure_code(kind_of(flight));
    case CSIEM_REJECT:
      return 4030;
    case CSIEM_SPLIT:
      return 4032;
    case CSIEM_AUTH:
      return 4010;
    case CSIEM_CONFIG:
      return 4040;
    default:
      return 0;
  }
}

std::string seconds_text(int64_t ns) { return std::to_string((ns + 999'999'999) / 1'000'000'000) + " s"; }

}  // namespace

// ---- words ----

// What the plugin's schema knows of the setting that the answer is about; else where the destination's table begins.
config::AnswerWords Lane::setting_behind(uint32_t outlet, std::string_view vendor_code, int code) const {
  const config::Destination& destination = *outlets_[outlet].settings;
  config::AnswerWords words;
  words.origin = destination.origin;
  if (code != 0) words = config::answer_words(exporter_->config_schema, destination, vendor_code, code);
  if (words.origin.line == 0) words.origin = context_.settings.origin;
  return words;
}

// The vendor's words, kept, and where the setting stands that led there.
std::string Lane::describe(const Flight& flight, const Verdict& verdict) const {
  auto words = setting_behind(flight.outlet, verdict.code, code_of(flight, verdict.outcome));
  // A refused credential is to be corrected where it is named.
  const auto& secrets = outlets_[flight.outlet].settings->secrets;
  if (verdict.outcome == CSIEM_AUTH && words.value.empty() && !secrets.empty() && secrets.front().origin.line != 0)
    words.origin = secrets.front().origin;
  std::string place = words.origin.line == 0 ? std::string() : "set at " + words.origin.text();
  if (!words.value.empty() && !place.empty()) place = words.value + " " + place;
  return cause_text(flight, verdict) + (place.empty() ? "" : " (" + place + ")");
}

Attempt Lane::attempt_of(const Flight& flight, const Verdict& verdict, int64_t now) const {
  Verdict judged = verdict;
  if (!verdict.named.empty()) {
    const Verdict::Named& named = verdict.named.front();
    judged.outcome = named.outcome;
    if (!named.code.empty()) judged.code = named.code;
    if (!named.text.empty()) judged.text = named.text;
  }
  Attempt out;
  out.outcome = judged.outcome;
  out.message_code = code_of(flight, judged.outcome);
  out.http_status = flight.status;
  out.vendor_code = judged.code;
  out.vendor_text = judged.text;
  out.words = cause_text(flight, judged);
  out.answered_ns = now - flight.sent_ns;
  if (context_.confirms_later && flight.confirming) {
    out.answered_ns = flight.quiet_since_ns - flight.sent_ns;
    out.confirmed_ns = now - flight.quiet_since_ns;
  }
  out.retry_after_ms = std::max(judged.retry_after_ms, flight.retry_after_ms);
  return out;
}

void Lane::remember_error(const std::string& text) {
  const std::lock_guard lock(error_mutex_);
  last_error_ = text;
}

// ---- the destination works, or does not ----

void Lane::on_accepted(const Flight& flight, int64_t now) {
  context_.stats.last_success_unix_ns.store(clock_.unix_ns(), std::memory_order_relaxed);
  budget_.on_success();
  context_.limiter->succeeded(now);
  if (breaker_.on_success(now) == Breaker::Change::closed) {
    permits_.slow_start();
  } else {
    permits_.on_success(on_the_way() + 1, now - flight.sent_ns, now);
  }
  put_off_health_check(now);
  if (health_.code != 0) health_shown_by_delivery();
  failing_ = false;
  failure_code_ = 0;
  refreshed_ = false;
  if (!hold_ || !flight.probe) return;
  // Whatever is refused by a held destination keeps it held; this probe was not.
  if (hold_.kind() != Hold::Kind::rejected_all) permits_.slow_start();
  hold_.clear();
  update_state(now);
}

void Lane::on_failure(const Flight& flight, const Verdict& verdict, int64_t now) {
  const FailureKind kind = kind_of(flight);
  const std::string cause = describe(flight, verdict);
  if (kind == FailureKind::throttled || flight.status == 503) context_.limiter->throttled(now);
  if (!flight.confirming) permits_.on_pushback(now);
  failing_ = true;
  remember_error(cause);
  if (failure_code(kind) != failure_code_) {
    failure_code_ = failure_code(kind);
    log::warn(failure_code_, id(), cause, {{"attempt", std::to_string(flight.parcel->attempt + 1)}});
  }
  if (flight.confirming) {
    // It took the batch; that it was there then is counted already.
  } else if (kind == FailureKind::throttled) {
    breaker_.on_success(now);  // the server is there
  } else if (breaker_.on_failure(now) == Breaker::Change::opened) {
    if (!flight.probe) {
      held_outlet_ = flight.outlet;
      probe_round_ = 0;
    }
    trouble_words_ = cause;
    log::warn(4060, id(), cause, {{"probe_in", seconds_text(breaker_.probe_at_ns() - now)}});
  }
  update_state(now);
}

// ---- credentials ----

void Lane::on_auth(const Flight& flight, const std::string& cause, int64_t now) {
  remember_error(cause);
  refresh_outlet_ = flight.outlet;
  refresh_cause_ = cause;
  if (refreshes_open_ > 0) return;  // of another batch, the answer serves both
  const auto& keys = outlets_[flight.outlet].services->credential_keys();
  if (hold_ || refreshed_ || !refresh_credential_ || keys.empty()) {
    hold(Hold::Kind::auth, flight.outlet, 4010, cause, now);
    return;
  }
  refreshed_ = true;
  refresh_changed_ = false;
  refreshes_open_ = static_cast<uint32_t>(keys.size());
  refresh_deadline_ns_ = now + tuning_.refresh_limit_ms * kNsPerMs;
  for (const auto& [handle, key] : keys) {
    refresh_credential_(key, [weak = weak_from_this()](bool changed) {
      const auto self = weak.lock();
      if (!self) return;
      self->context_.mailbox.put([&](Mailbox::Content& content) {
        content.refreshes.push_back(changed);
        return true;
      });
    });
  }
}

void Lane::refresh_done(int64_t now) {
  if (!refresh_changed_) hold(Hold::Kind::auth, refresh_outlet_, 4010, refresh_cause_, now);
}

uint64_t Lane::credential_generations() const {
  uint64_t sum = 0;
  if (context_.credentials == nullptr) return 0;
  for (const Outlet& outlet : outlets_)
    for (const auto& [handle, key] : outlet.services->credential_keys()) sum += context_.credentials->generation(key);
  return sum;
}

void Lane::hold(Hold::Kind kind, uint32_t outlet, int code, const std::string& cause, int64_t now) {
  const bool known = hold_.kind() == kind;
  hold_.begin(kind, now, tuning_.probe_interval_ms * kNsPerMs);
  if (!known) hold_code_ = code;
  held_outlet_ = outlet;
  trouble_words_ = cause;
  rejections_.forget();
  // The first probe is none of the events that led here.
  if (!known) probe_round_ = Bisect::kSinglesToHold;
  held_generations_ = credential_generations();
  remember_error(cause);
  if (!known) {
    const std::string text = code == 4031 ? "every event is rejected, held: " + cause : cause;
    log::error(code, id(), text, {{"probe_in", seconds_text(tuning_.probe_interval_ms * kNsPerMs)}});
  }
  update_state(now);
}

// ---- breaches of contract ----

void Lane::strike(const std::string& what, int64_t now) {
  context_.stats.strikes.fetch_add(1, std::memory_order_relaxed);
  strike_level_ = std::max(0.0, strike_level_ - static_cast<double>(now - strike_at_ns_) * kForgivenPerNs) + 1.0;
  strike_at_ns_ = now;
  log::warn(3010, id(), clean_text(what), {{"plugin", exporter_->name}, {"version", exporter_->version}});
  // A hair below: two strikes a microsecond apart are two strikes.
  if (!parked_ && strike_level_ > static_cast<double>(tuning_.strikes_to_park) - 0.01) park(now);
}

void Lane::park(int64_t now) {
  parked_ = true;
  const std::string text = "too many breaches of contract by plugin " + exporter_->name + " " + exporter_->version;
  remember_error(text);
  log::error(3012, id(), text, {{"events_kept", std::to_string(context_.stats.queued_events.load())}});
  while (!context_.flights.empty()) {
    auto flight = context_.flights.take(context_.flights.all().front()->token);
    outlets_[flight->outlet].services->cancel(flight->token);
    queue_.put(std::move(flight->parcel));
  }
  while (const Flight* oldest = context_.unconfirmed.oldest()) {
    Unconfirmed one = context_.unconfirmed.take(oldest->token);
    outlets_[one.flight->outlet].services->cancel(one.flight->token);
    context_.unconfirmed.rest(std::move(one));  // the log keeps them, as it keeps what is queued
  }
  cancel_health_check();
  for (Outlet& outlet : outlets_) outlet.services->shut();
  update_state(now);
  health_waiters_.tell(known_from_delivery());
}

// ---- the state in one word ----

int64_t Lane::running_ns(int64_t now) const {
  return running_total_ns_ + (state_ == LaneState::running ? now - state_since_ns_ : 0);
}

int Lane::problem_code() const {
  switch (state_) {
    case LaneState::running:
      return 0;
    case LaneState::starting:
      return 2001;
    case LaneState::retrying:
      return failure_code_;
    case LaneState::open:
      return 4060;
    case LaneState::held_auth:
    case LaneState::held_destination:
      return hold_code_;
    case LaneState::parked:
      return 3012;
    case LaneState::paused:
      return 4062;
  }
  return 9001;
}

// An operator wants to see whether it works now.
void Lane::probe_now(int64_t now) {
  if (hold_) hold_.probe_now(now);
  if (breaker_.state() == Breaker::State::open) breaker_.probe_now(now);
}

void Lane::update_state(int64_t now) {
  LaneState next = LaneState::running;
  if (parked_) {
    next = LaneState::parked;
  } else if (paused_) {
    next = LaneState::paused;
  } else if (!started_) {
    next = LaneState::starting;
  } else if (hold_) {
    next = hold_.kind() == Hold::Kind::auth ? LaneState::held_auth : LaneState::held_destination;
  } else if (breaker_.state() != Breaker::State::closed) {
    next = LaneState::open;
  } else if (failing_) {
    next = LaneState::retrying;
  }
  if (next == state_) {
    if (next == LaneState::retrying) context_.stats.problem_code.store(failure_code_, std::memory_order_relaxed);
    return;
  }
  const LaneState before = state_;
  running_total_ns_ = running_ns(now);
  state_ = next;
  state_since_ns_ = now;
  context_.stats.problem_code.store(problem_code(), std::memory_order_relaxed);
  context_.stats.state.store(static_cast<int>(next), std::memory_order_release);
  if (before == LaneState::running || before == LaneState::starting) trouble_since_ns_ = now;
  if (next == LaneState::paused)
    log::write(log::Level::info, 4062, id(), "paused, its events stay queued",
               {{"queued", std::to_string(context_.stats.queued_events.load(std::memory_order_relaxed))}});
  if (next != LaneState::running) return;
  if (before == LaneState::starting) {
    log::debug("exporter is ready", {{"exporter", id()}});
  } else {
    log::write(log::Level::info, 4061, id(), "delivery resumed", {{"after", seconds_text(now - trouble_since_ns_)}});
  }
}

}  // namespace csiem::delivery
