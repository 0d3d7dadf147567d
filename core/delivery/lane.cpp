#include "delivery/lane.hpp"

#include <algorithm>
#include <utility>

#include "base/fault_point.hpp"
#include "base/log.hpp"
#include "base/sha256.hpp"
#include "delivery/lane_core.hpp"

namespace csiem::delivery {
namespace {

// What a lane may hold before its sources wait for it: enough to keep every permit busy, small enough to stay in the
// cache's neighbourhood and under the memory promise. More for batches that need more, within reason.
constexpr std::size_t kEnoughBytes = 8U << 20, kMostEnoughBytes = 32U << 20;
// How far behind and for how long its sources wait for a lane to catch up.
constexpr uint64_t kNearBytes = 32U << 20;
constexpr int64_t kCatchUpMs = 250;
// Of batches that a destination has taken and not yet confirmed: what it confirms in a second or two at full speed.
constexpr std::size_t kMostConfirmingBytes = 32U << 20;

// Tells configurations apart; the settings hold handles where the secrets go.
std::string hash_of(std::string_view type, std::string_view format, std::string_view format_settings,
                    std::string_view settings) {
  constexpr std::size_t kDigits = 16;
  Sha256 hasher;
  for (const std::string_view part : {type, format, format_settings, settings}) {
    hasher.update(part);
    hasher.update(std::string_view("", 1));
  }
  return to_hex(hasher.finish()).substr(0, kDigits);
}

// Tells the loop for whom it works.
class OnDuty {
 public:
  OnDuty(Loop& loop, const Lane* lane) : loop_(loop) { loop_.working_for(lane); }
  ~OnDuty() { loop_.working_for(nullptr); }
  OnDuty(const OnDuty&) = delete;
  OnDuty& operator=(const OnDuty&) = delete;

 private:
  Loop& loop_;
};

}  // namespace

std::string_view lane_state_word(LaneState state) {
  switch (state) {
    case LaneState::starting:
      return "starting";
    case LaneState::running:
      return "running";
    case LaneState::retrying:
      return "retrying";
    case LaneState::open:
      return "open";
    case LaneState::held_auth:
      return "held_auth";
    case LaneState::held_destination:
      return "held_destination";
    case LaneState::parked:
      return "parked";
    case LaneState::paused:
      return "paused";
  }
  return "unknown";
}

Lane::Lane(LaneParts parts, const Clock& clock, const Tuning& tuning, TokenSource& tokens)
    : clock_(parts.clock != nullptr ? *parts.clock : clock),
      tuning_(tuning),
      exporter_(parts.exporter),
      format_component_(parts.format),
      moves_(std::move(parts.moves)),
      fields_(std::move(parts.fields)),
      check_(std::move(parts.check)),
      refresh_credential_(std::move(parts.refresh_credential)),
      attempted_(std::move(parts.attempted)),
      watch_health_(parts.watch_health),
      cursor_(std::move(parts.cursor)),
      settlement_(*cursor_, context_.stats, parts.eased),
      retry_(retry_policy(parts.settings.retry)),
      budget_(clock_.mono_ns()),
      breaker_({parts.settings.breaker.failure_threshold, parts.settings.breaker.open_for_ms}, random_),
      permits_(parts.settings.ordered            ? Permits::fixed(1)
               : parts.settings.concurrency == 0 ? Permits::adaptive()
                                                 : Permits::fixed(parts.settings.concurrency)) {
  context_.confirms_later = (exporter_->exporter.flags & CSIEM_EXPORTER_ACKS) != 0;
  context_.credentials = parts.credentials;
  context_.clock = &clock_;
  context_.dry_run = std::move(parts.dry_run);
  context_.tokens = &tokens;
  context_.limiter = std::make_unique<RateLimiter>(parts.settings.rate_limit, clock_.mono_ns());
  context_.settings = std::move(parts.settings);
  state_since_ns_ = clock_.mono_ns();
}

Lane::~Lane() = default;

Result<std::shared_ptr<Lane>> Lane::create(LaneParts parts, const Clock& clock, const Tuning& tuning,
                                           TokenSource& tokens, plugin::CallSlot& setup) {
  const plugin::Component* const format = parts.format;
  const std::string format_config = parts.format_config_json;
  auto lane = std::make_shared<Lane>(std::move(parts), clock, tuning, tokens);
  lane->context_.lane = lane;
  if (format != nullptr) {
    auto made = plugin::FormatInstance::create(*format, setup, format_config);
    if (!made) return std::move(made).error().in("exporter " + lane->id());
    lane->format_ = *std::move(made);
  }
  CS_CHECK(lane->make_instances(setup, format_config));
  const BatchLimits limits = batch_limits(lane->context_.settings, lane->exporter_->limits);
  lane->configured_max_bytes_ = lane->context_.max_body_bytes = limits.max_bytes;
  // An event in memory is about twice its body.
  lane->enough_bytes_ =
      static_cast<std::size_t>(std::clamp<uint64_t>(2 * limits.max_bytes, kEnoughBytes, kMostEnoughBytes));
  if (lane->enough_bytes_ > kEnoughBytes) lane->cursor_->set_window(lane->enough_bytes_ / 2 * 3);
  lane->batcher_ = std::make_unique<Batcher>(
      lane->context_.settings, limits,
      Rendering{lane->format_.get(), lane->moves_.get(), lane->fields_.get(), lane->check_.get()}, lane->settlement_);
  return lane;
}

Result<void> Lane::make_instances(plugin::CallSlot& setup, const std::string& format_config) {
  const config::Exporter& settings = context_.settings;
  for (std::size_t i = 0; i <= settings.routes.size(); ++i) {
    Outlet& outlet = outlets_.emplace_back();
    outlet.settings = i < settings.routes.size() ? &settings.routes[i] : &settings.fallback;
    outlet.services = std::make_unique<InstanceServices>(context_, static_cast<uint32_t>(i), *outlet.settings);
    auto made = plugin::ExporterInstance::create(*exporter_, *outlet.services, setup, settings.id,
                                                 outlet.settings->settings_json);
    if (!made) return std::move(made).error().in("exporter " + settings.id);
    outlet.instance = *std::move(made);
    outlet.settings_hash = hash_of(settings.type, format_name(), format_config, outlet.settings->settings_json);
    outlet.services->set_instance(outlet.instance.get());
  }
  return {};
}

// ---- any thread ----

LaneState Lane::state() const noexcept {
  return static_cast<LaneState>(context_.stats.state.load(std::memory_order_acquire));
}

std::string Lane::format_name() const { return format_component_ == nullptr ? "none" : format_component_->name; }

std::string Lane::last_error() const {
  const std::lock_guard lock(error_mutex_);
  return last_error_;
}

std::vector<PluginMetric> Lane::plugin_metrics() const {
  std::vector<PluginMetric> all;
  for (const Outlet& outlet : outlets_)
    for (PluginMetric& metric : outlet.services->metrics()) {
      const auto same = std::find_if(all.begin(), all.end(), [&](const auto& one) { return one.name == metric.name; });
      if (same == all.end()) {
        all.push_back(std::move(metric));
      } else {
        same->count += metric.count;
        same->sum += metric.sum;
      }
    }
  return all;
}

void Lane::start_feed() {
  cursor_->start([weak = weak_from_this()](const event::BatchRef& batch, std::span<const store::Range> skip) {
    if (const auto lane = weak.lock()) lane->publish(batch, skip);
  });
}

uint64_t Lane::queued_events() const {
  // Told to the cursor before it is taken off the counter, so looking at the counter first misses nothing.
  const uint64_t here = context_.stats.queued_events.load(std::memory_order_acquire);
  return std::max(here, cursor_->ledger().queued());
}

bool Lane::has_enough() const {
  // A lane that reads the log is not helped by waiting, and new events may be urgent. But before its queue's policy has
  // to give events up, they rather stay with their sources.
  if (const store::Lag lag = cursor_->lag(); !lag.in_memory)
    return (lag.limit_bytes != 0 && lag.bytes >= lag.limit_bytes / 4 * 3) || may_catch_up(lag);
  behind_since_ns_.store(0, std::memory_order_relaxed);
  // What waits for a confirmation is no work any more.
  const uint64_t bytes = context_.stats.queued_bytes.load(std::memory_order_relaxed);
  const uint64_t events = context_.stats.queued_events.load(std::memory_order_relaxed);
  const uint64_t confirming = context_.stats.confirming_events.load(std::memory_order_relaxed);
  const uint64_t let_go = context_.stats.let_go_events.load(std::memory_order_relaxed);
  const uint64_t to_send = events > confirming ? events - confirming : 0;
  const uint64_t held = events > let_go ? events - let_go : 0;
  return (confirming == 0 ? bytes : bytes / std::max<uint64_t>(held, 1) * to_send) >= enough_bytes_;
}

// What it has only just missed it catches up with soon when nothing is added meanwhile, and then takes events from
// memory again. Read from the log they cost twice as much, and so a source that is always faster would keep it there.
bool Lane::may_catch_up(const store::Lag& lag) const {
  if (lag.bytes > kNearBytes) return false;
  const int64_t now = clock_.mono_ns();
  int64_t since = 0;
  if (behind_since_ns_.compare_exchange_strong(since, now, std::memory_order_relaxed)) return true;
  return now - since < kCatchUpMs * kNsPerMs;
}

bool Lane::publish(const event::BatchRef& batch, std::span<const store::Range> skip,
                   std::shared_ptr<ReplaySink> replay) {
  uint64_t events = batch->events().size();
  for (const store::Range& range : skip) events -= range.size();
  if (events == 0) return true;
  const std::size_t bytes = batch->memory_bytes();
  const bool replayed = replay != nullptr;
  context_.stats.queued_events.fetch_add(events, std::memory_order_relaxed);
  context_.stats.queued_bytes.fetch_add(bytes, std::memory_order_relaxed);
  const bool taken = context_.mailbox.put([&](Mailbox::Content& content) {
    content.batches.push_back({batch, {skip.begin(), skip.end()}, std::move(replay)});
    return true;
  });
  if (!taken && replayed) {  // others stay in the log
    context_.stats.queued_events.fetch_sub(events, std::memory_order_relaxed);
    context_.stats.queued_bytes.fetch_sub(bytes, std::memory_order_relaxed);
  }
  return taken;
}

void Lane::credentials_changed() {
  context_.mailbox.put([](Mailbox::Content& content) { return content.credentials = true; });
}

bool Lane::ask(store::Sequence sequence, std::function<void(const Attempts&)> answer) {
  return context_.mailbox.put([&](Mailbox::Content& content) {
    content.questions.push_back({sequence, std::move(answer)});
    return true;
  });
}

void Lane::flush() {
  context_.mailbox.put([](Mailbox::Content& content) { return content.flush = true; });
}

bool Lane::set_paused(bool paused) {
  return context_.mailbox.put([&](Mailbox::Content& content) {
    content.pause = paused;
    return true;
  });
}

void Lane::move_to(Loop& loop) {
  loop.post([self = shared_from_this(), &loop] { self->arrive(loop); });
  context_.mailbox.attach([weak = weak_from_this(), &loop] {
    loop.post([weak] {
      if (const auto self = weak.lock()) self->run();
    });
  });
}

void Lane::bury(const std::string& why) {
  context_.dead.store(true, std::memory_order_release);
  context_.mailbox.close();
  for (Outlet& outlet : outlets_) outlet.instance->abandon();
  context_.stats.state.store(static_cast<int>(LaneState::parked), std::memory_order_release);
  context_.stats.problem_code.store(3011, std::memory_order_relaxed);
  remember_error(why);
  health_waiters_.tell(known_from_delivery());
}

// ---- lane's thread ----

void Lane::arrive(Loop& loop) {
  if (closed_) return;
  context_.loop = &loop;
  armed_at_ns_ = kNever;
  if (format_) format_->use_slot(loop.slot());
  for (Outlet& outlet : outlets_) {
    outlet.instance->use_slot(loop.slot());
    outlet.services->fail_all_requests();
  }
  if (context_.health.running()) {  // its requests are lost with the loop, which tells nothing about the destination
    const OnDuty duty(loop, this);
    cancel_health_check();
    health_wanted_ = true;
  }
  run();
}

void Lane::run() {
  if (closed_ || context_.loop == nullptr) return;
  const OnDuty duty(*context_.loop, this);
  const int64_t now = clock_.mono_ns();
  read_letters(now);
  if (!parked_) {
    note_confirming(now);
    for (Outlet& outlet : outlets_) outlet.services->run_due(now);
    check_silence(now);
    give_back_due(now);
    if (refreshes_open_ > 0 && now >= refresh_deadline_ns_) {
      refreshes_open_ = 0;
      refresh_done(now);
    }
    if (smaller_until_ns_ != 0 && now >= smaller_until_ns_) {
      smaller_until_ns_ = 0;
      batcher_->set_max_bytes(configured_max_bytes_);
    }
    if (!started_ && credentials_ready()) {
      started_ = true;
      recall(now);
      if (watch_health_) health_due_ns_ = now + tuning_.first_health_ms * 1'000'000;
    }
    render(now);
    dispatch(now);
    render(now);
    give_up_when_idle();
    check_health(now);
    if (queue_.next_ready_ns(context_.settings.ordered) <= now && gate(now).pass == Gate::free &&
        permits_.free(on_the_way()) && context_.limiter->wait_ns(now) == 0)
      context_.mailbox.wake();  // a plugin finished at once and there is more for it
  }
  settlement_.tell();
  context_.stats.retry_tokens_milli.store(static_cast<int64_t>(budget_.tokens_at(now) * 1000),
                                          std::memory_order_relaxed);
  update_state(now);
  remember(now);
  set_alarm(now);
}

void Lane::alarm_fired() {
  armed_at_ns_ = kNever;
  run();
}

void Lane::answered(uint32_t outlet, uint64_t request, const http::Response& response) {
  CSIEM_FAULT_POINT("answer-read");
  if (closed_ || parked_) return;
  {
    const OnDuty duty(*context_.loop, this);
    outlets_[outlet].services->answered(request, response);
  }
  run();
}

void Lane::read_letters(int64_t now) {
  letters_.clear();
  context_.mailbox.take(letters_);
  for (Mailbox::Published& published : letters_.batches) {
    const std::size_t bytes = published.batch->memory_bytes();
    SourceBatch* const source =
        settlement_.open(std::move(published.batch), std::move(published.skip), bytes, std::move(published.replay));
    given_back_.recognise(*source);
    batcher_->add(source);
  }
  for (const std::string& what : letters_.breaches) strike(what, now);
  for (const uint64_t token : letters_.let_go) let_go(token, now);
  for (Mailbox::Completion& completion : letters_.completions) {
    auto flight = context_.flights.take(completion.token);
    if (!flight) {  // of a health check or a batch that was let go, or cancelled, or its submit failed after all
      if (auto one = context_.unconfirmed.take(completion.token); one.flight) {
        outlets_[one.flight->outlet].services->close(completion.token);
        confirmed(std::move(one), completion.verdict, now);
      } else {
        health_answered(completion.token, completion.verdict, now);
      }
      continue;
    }
    outlets_[flight->outlet].services->close(completion.token);
    finish(std::move(flight), completion.verdict, now);
  }
  for (const bool changed : letters_.refreshes) {
    if (refreshes_open_ == 0) break;  // came after the deadline
    refresh_changed_ = refresh_changed_ || changed;
    if (--refreshes_open_ == 0) refresh_done(now);
  }
  if (letters_.credentials && hold_.kind() == Hold::Kind::auth && credential_generations() != held_generations_)
    hold_.probe_now(now);
  for (const Mailbox::Question& question : letters_.questions) question.answer(look_for(question.sequence));
  if (letters_.credentials && health_.code == 4010 && credential_generations() != health_generations_ &&
      health_due_ns_ != kNever)
    health_due_ns_ = now;
  health_wanted_ = health_wanted_ || letters_.ask_health;
  if (parked_ && std::exchange(health_wanted_, false)) health_waiters_.tell(known_from_delivery());
  if (letters_.flush) flushing_ = true;
  if (letters_.pause) {
    paused_ = *letters_.pause;
    if (!paused_) {
      probe_now(now);
      if (hold_.kind() == Hold::Kind::rejected_all) rejections_.tolerate();
    }
  }
  if (parked_) return;
  for (const Mailbox::Task& task : letters_.tasks) outlets_[task.outlet].services->run_task(task);
}

// In what waits, what is in flight, and what is suspected to be bad.
Attempts Lane::look_for(store::Sequence sequence) const {
  Attempts found;
  const auto holds = [&](const Parcel& parcel) {
    for (const OutBatch::Run& run : parcel.batch->runs()) {
      if (run.source->remaining == 0 || !run.source->batch || run.source->replay) continue;
      const event::EventBatch& batch = *run.source->batch;
      if (sequence < batch.first_sequence() || sequence > batch.last_sequence()) continue;
      const csiem_event* const wanted = &batch.events()[sequence - batch.first_sequence()];
      const auto events = parcel.events();
      if (std::find(events.begin(), events.end(), wanted) == events.end()) continue;
      found = {parcel.sent, parcel.last_sent_unix_ns};
      return true;
    }
    return false;
  };
  for (const auto& parcel : queue_.all())
    if (holds(*parcel)) return found;
  for (const auto& flight : context_.flights.all())
    if (flight->parcel && holds(*flight->parcel)) return found;
  for (const Suspect& suspect : suspects_)
    if (holds(*suspect.parcel)) return found;
  if (const Flight* flight = context_.unconfirmed.with(sequence); flight != nullptr)
    found = {flight->parcel->sent, flight->parcel->last_sent_unix_ns};
  return found;
}

bool Lane::credentials_ready() const {
  if (context_.dry_run || context_.credentials == nullptr) return true;
  for (const Outlet& outlet : outlets_)
    for (const auto& [handle, key] : outlet.services->credential_keys())
      if (context_.credentials->get(key) == nullptr) return false;
  return true;
}

void Lane::render(int64_t now) {
  if (paused_) {
    more_to_render_ = false;
    return;
  }
  // Enough that a free permit finds work at once; the rest waits as references.
  const std::size_t wanted = std::size_t{permits_.limit()} + 1;
  const Flights& flights = context_.flights;
  const std::size_t confirming = flights.confirming_bytes() < kMostConfirmingBytes ? flights.confirming() : 0;
  const std::size_t most = 3 * std::size_t{permits_.limit()} + 2 * outlets_.size() + 8 + confirming;
  const std::size_t ready = queue_.ready(now);
  const bool room = ready < wanted && batcher_->batches_in_use() < most;
  const int64_t now_unix = clock_.unix_ns();
  more_to_render_ = batcher_->render(room ? wanted - ready : 0, now, now_unix);
  if (!batcher_->inbox_empty() && !more_to_render_ && !context_.settings.ordered) batcher_->overtake(now, now_unix);
  bury_unrenderable();
  queue_full_batches();
  if (flushing_ && batcher_->inbox_empty() && batcher_->nothing_open()) flushing_ = false;
}

void Lane::sign(store::DeadLetter& letter, std::size_t outlet) const {
  letter.plugin_version = exporter_->name + " " + exporter_->version;
  if (format_component_ != nullptr) letter.format_version = format_component_->name + " " + format_component_->version;
  letter.config_hash = outlets_[outlet].settings_hash;
  letter.config_origin = outlets_[outlet].settings->origin.text();
}

void Lane::bury_unrenderable() {
  if (batcher_->unrenderable().empty()) return;
  const int64_t now_unix = clock_.unix_ns();
  for (Unrenderable& one : batcher_->unrenderable()) {
    store::DeadLetter letter;
    letter.event_id.assign(one.event->event_id.ptr, one.event->event_id.len);
    const uint32_t position = one.source->position(*one.event);
    letter.sequence = one.source->batch->first_sequence() + position;
    letter.error_class = one.too_large() ? "too_large" : "format";
    letter.code = one.code;
    letter.vendor_text = clean_text(one.text);
    letter.first_attempt_unix_ns = letter.last_attempt_unix_ns = now_unix;
    sign(letter, one.destination);
    letter.event_json.assign(one.event->canonical_json.ptr, one.event->canonical_json.len);
    log::warn(letter.code, id(), letter.vendor_text, {{"event_id", letter.event_id}});
    settlement_.dead_letter(*one.source, std::move(letter));
    settlement_.end(one.source, store::Fate::dead_lettered, position, 1);
  }
  batcher_->unrenderable().clear();
}

void Lane::set_alarm(int64_t now) {
  if (more_to_render_) context_.mailbox.wake();
  int64_t next = wake_at_ns_;
  for (const Outlet& outlet : outlets_) next = std::min(next, outlet.services->next_timer_ns());
  for (const auto& flight : context_.flights.all())
    if (flight->requests_open == 0) next = std::min(next, flight->quiet_since_ns + silence_ns(*flight));
  next = std::min(next, context_.unconfirmed.next_due_ns());
  if (const Flight* oldest = context_.unconfirmed.oldest())
    next = std::min(next, oldest->quiet_since_ns + silence_ns(*oldest));
  if (refreshes_open_ > 0) next = std::min(next, refresh_deadline_ns_);
  next = std::min(next, next_health_ns());
  if (parked_) next = kNever;
  // An alarm that comes too early only looks and sets the next one: cheaper than moving it for every batch.
  if (next >= armed_at_ns_) return;
  armed_at_ns_ = std::max(next, now);
  context_.loop->alarm(shared_from_this(), armed_at_ns_);
}

void Lane::shut() {
  if (closed_ || context_.loop == nullptr) return;
  const OnDuty duty(*context_.loop, this);
  closed_ = true;
  context_.mailbox.close();
  while (!context_.flights.empty()) {
    const auto& flight = context_.flights.all().front();
    outlets_[flight->outlet].services->cancel(flight->token);
    context_.flights.take(flight->token);
  }
  while (const Flight* oldest = context_.unconfirmed.oldest()) {
    const uint64_t token = oldest->token;
    outlets_[oldest->outlet].services->cancel(token);
    context_.unconfirmed.take(token);
  }
  cancel_health_check();
  health_waiters_.tell(known_from_delivery());
  queue_.clear();
  suspects_.clear();
  settlement_.tell_all();
  for (Outlet& outlet : outlets_) {
    outlet.services->shut();
    outlet.instance.reset();
  }
  format_.reset();
}

}  // namespace csiem::delivery
