// When the destination is asked how it is, and what follows from the answer.

#include <algorithm>
#include <utility>

#include "base/clock.hpp"
#include "base/log.hpp"
#include "delivery/lane_core.hpp"

namespace csiem::delivery {
namespace {

// What a plugin may need beyond the timeout of its requests.
constexpr int64_t kGraceMs = 1'000;

int code_of(const HealthCall& call, const Verdict& verdict) {
  switch (verdict.outcome) {
    case CSIEM_DELIVERED:
    case CSIEM_SKIPPED:
      return 0;
    case CSIEM_AUTH:
      return 4010;
    case CSIEM_RETRY:
      return failure_code(failure_kind(call));
    default:
      return 4040;  // there was no event that could be refused
  }
}

// Routes to the same servers with the same credentials differ in what such a check does not see.
bool same_destination(const config::Destination& a, const config::Destination& b) {
  if (a.allowed_origins.empty() && a.secrets.empty()) return a.settings_json == b.settings_json;  // who knows?
  if (a.allowed_origins != b.allowed_origins || a.secrets.size() != b.secrets.size()) return false;
  for (std::size_t i = 0; i < a.secrets.size(); ++i)
    if (a.secrets[i].reference != b.secrets[i].reference || a.secrets[i].literal != b.secrets[i].literal) return false;
  return true;
}

}  // namespace

// ---- any thread ----

void Lane::ask_health(HealthWaiters::Done done) {
  health_waiters_.add(std::move(done));
  const bool taken = context_.mailbox.put([](Mailbox::Content& content) { return content.ask_health = true; });
  if (!taken) health_waiters_.tell(known_from_delivery());  // the lane is closed
}

HealthReport Lane::health() const {
  const std::lock_guard lock(error_mutex_);
  return health_;
}

HealthReport Lane::known_from_delivery() const {
  HealthReport report;
  report.code = context_.stats.problem_code.load(std::memory_order_relaxed);
  if (report.code != 0) report.text = last_error();
  return report;
}

// ---- lane's thread: when ----

bool Lane::can_ask_health() const {
  return exporter_->exporter.health != nullptr && started_ && !parked_ && !context_.dry_run;
}

// A destination that has just taken a batch need not be asked.
void Lane::put_off_health_check(int64_t now) {
  if (health_due_ns_ != kNever) health_due_ns_ = now + context_.settings.health_interval_ms * kNsPerMs;
}

int64_t Lane::next_health_ns() const {
  if (context_.health.running()) return context_.health.deadline_ns();
  return can_ask_health() ? health_due_ns_ : kNever;
}

void Lane::check_health(int64_t now) {
  HealthRound& round = context_.health;
  if (round.running()) {
    if (round.answered() || now >= round.deadline_ns()) end_health_check(now);
    return;
  }
  if (health_wanted_) {
    health_wanted_ = false;
    if (!can_ask_health() || now < paused_until_ns_) return health_waiters_.tell(known_from_delivery());
  } else {
    if (!can_ask_health() || now < health_due_ns_) return;
    if (paused_) return put_off_health_check(now);
    if (now < paused_until_ns_) {  // the destination asked for peace until then, and events go first
      health_due_ns_ = paused_until_ns_ + tuning_.first_health_ms * kNsPerMs;
      return;
    }
  }
  begin_health_check(now);
}

// ---- asking: no batch, no permit, nothing of the rate limit ----

void Lane::begin_health_check(int64_t now) {
  HealthRound& round = context_.health;
  round.begin(now, now + (context_.settings.timeout_ms + kGraceMs) * kNsPerMs);
  std::vector<uint32_t> asked;
  for (uint32_t i = 0; i < outlets_.size(); ++i) {
    const bool known = std::any_of(asked.begin(), asked.end(), [&](uint32_t other) {
      return same_destination(*outlets_[i].settings, *outlets_[other].settings);
    });
    if (!known) asked.push_back(i);
  }
  for (const uint32_t i : asked) {
    HealthCall& call = round.add();
    call.token = context_.tokens->next();
    call.outlet = i;
    call.sent_ns = call.quiet_since_ns = now;
  }
  // By index: the plugin may complete from within.
  for (std::size_t i = 0; i < round.calls().size(); ++i) ask_plugin(round.calls()[i]);
  if (round.answered()) end_health_check(now);
}

void Lane::ask_plugin(HealthCall& call) {
  InstanceServices& services = *outlets_[call.outlet].services;
  std::string error;
  const uint64_t strikes = services.strikes();
  const csiem_status status = services.health(call.token, &error);
  if (status == CSIEM_OK) return;
  services.close(call.token);
  call.open = false;
  // Not now, or not with these settings.
  call.undecided = status == CSIEM_E_BUSY || status == CSIEM_E_UNSUPPORTED;
  if (call.undecided) return;
  call.code = 3010;
  call.text = "the plugin's health check failed with status " + std::to_string(status);
  if (!error.empty()) call.text += ": " + clean_text(error);
  // Who breaks the contract here is not asked again: delivery may still work.
  if (services.strikes() != strikes) health_due_ns_ = kNever;
}

bool Lane::health_answered(uint64_t token, const Verdict& verdict, int64_t now) {
  HealthCall* const call = context_.health.find(token);
  if (call == nullptr) return false;
  outlets_[call->outlet].services->close(token);
  call->open = false;
  call->code = code_of(*call, verdict);
  if (call->code != 0) call->text = cause_text(*call, verdict);
  call->vendor_code = verdict.code;
  // Good without having asked anybody: it means that deliveries will show.
  call->undecided = call->code == 0 && call->requests_made == 0 && !own_io();
  call->retry_after_ms = std::max(call->retry_after_ms, verdict.retry_after_ms);
  if (!verdict.breach.empty()) strike(verdict.breach, now);
  return true;
}

// ---- what follows ----

void Lane::cancel_health_check() {
  HealthRound& round = context_.health;
  if (!round.running()) return;
  round.end();
  for (HealthCall& call : round.calls()) {
    if (!call.open) continue;
    call.open = false;
    call.undecided = true;
    outlets_[call.outlet].services->cancel(call.token);
  }
}

void Lane::end_health_check(int64_t now) {
  HealthRound& round = context_.health;
  for (HealthCall& call : round.calls()) {
    if (!call.open) continue;
    call.open = false;
    outlets_[call.outlet].services->cancel(call.token);
    // A worker that is busy with a batch has not come to it.
    call.undecided = own_io() && !context_.flights.empty();
    call.code = 4003;
    const int64_t limit_ms = context_.settings.timeout_ms + kGraceMs;
    call.text = "the plugin did not answer a health check within " + std::to_string(limit_ms) + " ms";
  }
  round.end();
  health_wanted_ = false;

  int64_t next = now + context_.settings.health_interval_ms * kNsPerMs;
  const HealthCall* told = nullptr;  // the first that is not well, else one that is
  for (const HealthCall& call : round.calls()) {
    next = std::max(next, now + call.retry_after_ms * kNsPerMs);
    if (!call.undecided && (told == nullptr || (told->code == 0 && call.code != 0))) told = &call;
  }
  if (health_due_ns_ != kNever) health_due_ns_ = next;
  if (told == nullptr) return health_waiters_.tell(known_from_delivery());

  HealthReport report;
  report.basis = HealthReport::Basis::answered;
  report.code = told->code;
  report.text = told->text;
  if (report.code != 0) report.setting = setting_behind(told->outlet, told->vendor_code, report.code).origin;
  report.checked_unix_ns = clock_.unix_ns();
  report.took_ns = now - round.began_ns();
  context_.stats.health_checks.fetch_add(1, std::memory_order_relaxed);
  if (report.code != 0) context_.stats.health_failures.fetch_add(1, std::memory_order_relaxed);
  const bool recovered = note_health(report);
  if (report.code == 4010 && health_generations_ != credential_generations()) renew_credentials(told->outlet);
  // News: the next probe may go now. It alone lifts a breaker or a hold, as it alone shows that events are accepted.
  if (recovered && hold_.kind() != Hold::Kind::rejected_all) {
    probe_now(now);
    context_.mailbox.wake();
  }
  health_waiters_.tell(report);
}

// True when it was bad and is good now.
bool Lane::note_health(const HealthReport& report) {
  const int before = health_.code;
  {
    const std::lock_guard lock(error_mutex_);
    health_ = report;
  }
  if (report.code == before) return false;
  if (report.good()) {
    log::write(
        log::Level::info, 4063, id(),
        report.basis == HealthReport::Basis::answered ? "the health check is passed again" : "it accepts events");
    return true;
  }
  // Delivery may have said it already.
  if (report.code == context_.stats.problem_code.load(std::memory_order_relaxed)) return false;
  const std::string place = report.setting.line == 0 ? "" : " (set at " + report.setting.text() + ")";
  log::warn(report.code, id(), "health check: " + report.text + place);
  return false;
}

void Lane::health_shown_by_delivery() {
  HealthReport report = health_;
  report.basis = HealthReport::Basis::delivery;
  report.code = 0;
  report.text.clear();
  report.setting = {};
  note_health(report);
}

// Of a refused credential a newer value may lie with its provider. Once for each value that is refused.
void Lane::renew_credentials(uint32_t outlet) {
  health_generations_ = credential_generations();
  if (!refresh_credential_) return;
  for (const auto& [handle, key] : outlets_[outlet].services->credential_keys())
    refresh_credential_(key, [](bool) {});  // all lanes hear of a change
}

}  // namespace csiem::delivery
