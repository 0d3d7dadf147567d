#include <algorithm>
#include <chrono>
#include <thread>
#include <utility>

#include "base/log.hpp"
#include "delivery/delivery_impl.hpp"

namespace csiem::delivery {
namespace {

constexpr unsigned kMostThreads = 4;

bool stuck_state(LaneState state) {
  return state == LaneState::open || state == LaneState::held_auth || state == LaneState::held_destination ||
         state == LaneState::parked || state == LaneState::paused;
}

}  // namespace

Delivery::Delivery(unsigned threads, const Clock& clock, Tuning tuning) : impl_(std::make_unique<Impl>(clock, tuning)) {
  if (threads == 0) threads = std::clamp(std::thread::hardware_concurrency(), 1U, kMostThreads);
  for (unsigned i = 0; i < threads; ++i) impl_->threads.push_back(DeliveryThread::start(clock));
}

Delivery::~Delivery() { stop(); }

Result<void> Delivery::add_lane(LaneParts parts) {
  const bool from_log = parts.from_log;
  CS_TRY(lane, Lane::create(std::move(parts), impl_->clock, impl_->tuning, impl_->tokens, impl_->setup_slot));
  // The thread with the fewest lanes.
  std::vector<std::size_t> load(impl_->threads.size());
  for (const Impl::Placed& placed : impl_->lanes) ++load[placed.thread];
  const auto thread = static_cast<std::size_t>(std::min_element(load.begin(), load.end()) - load.begin());
  impl_->lanes.push_back({lane, thread, false});
  lane->move_to(*impl_->threads[thread]);
  if (from_log) lane->start_feed();
  return {};
}

void Delivery::credentials_changed() {
  for (const Impl::Placed& placed : impl_->lanes) placed.lane->credentials_changed();
}

void Delivery::flush() {
  for (const Impl::Placed& placed : impl_->lanes) placed.lane->flush();
}

bool Delivery::flush(std::string_view id) {
  const std::shared_ptr<Lane> lane = impl_->find(id);
  if (lane) lane->flush();
  return lane != nullptr;
}

bool Delivery::replay(std::string_view id, const event::BatchRef& batch, std::shared_ptr<ReplaySink> sink) {
  const std::shared_ptr<Lane> lane = impl_->find(id);
  return lane && lane->publish(batch, {}, std::move(sink));
}

bool Delivery::pause(std::string_view id) {
  const std::shared_ptr<Lane> lane = impl_->find(id);
  return lane && lane->set_paused(true);
}

bool Delivery::resume(std::string_view id) {
  const std::shared_ptr<Lane> lane = impl_->find(id);
  return lane && lane->set_paused(false);
}

bool Delivery::check_health(std::string_view id, HealthWaiters::Done done) {
  const std::shared_ptr<Lane> lane = impl_->find(id);
  if (lane) lane->ask_health(std::move(done));
  return lane != nullptr;
}

std::shared_ptr<Lane> Delivery::Impl::find(std::string_view id) const {
  for (const Placed& placed : lanes)
    if (!placed.lost && placed.lane->id() == id) return placed.lane;
  return nullptr;
}

bool Delivery::sources_should_wait() const {
  bool any = false;
  for (const Impl::Placed& placed : impl_->lanes) {
    const LaneState state = placed.lane->state();
    if (state != LaneState::running && state != LaneState::starting) continue;
    if (!placed.lane->has_enough()) return false;
    any = true;
  }
  return any;
}

bool Delivery::idle() const {
  return std::all_of(impl_->lanes.begin(), impl_->lanes.end(),
                     [](const Impl::Placed& placed) { return placed.lane->queued_events() == 0; });
}

bool Delivery::only_stuck_left() const {
  return std::all_of(impl_->lanes.begin(), impl_->lanes.end(), [](const Impl::Placed& placed) {
    return placed.lane->queued_events() == 0 || stuck_state(placed.lane->state());
  });
}

std::vector<Delivery::LaneView> Delivery::lanes() const {
  std::vector<LaneView> views;
  for (const Impl::Placed& placed : impl_->lanes) {
    const Lane& lane = *placed.lane;
    LaneView& view = views.emplace_back(LaneView{lane.id(),
                                                 lane.format_name(),
                                                 &lane.stats(),
                                                 lane.queued_events(),
                                                 lane.ledger(),
                                                 lane.last_error(),
                                                 lane.health(),
                                                 {},
                                                 0,
                                                 0,
                                                 0,
                                                 {}});
    if (!placed.lost) view.plugin_metrics = lane.plugin_metrics();
    if (lane.moves() != nullptr) view.mapping_skipped = lane.moves()->skipped();
    if (lane.check() == nullptr) continue;
    view.valid = lane.check()->valid();
    view.invalid = lane.check()->invalid();
    view.violations = lane.check()->violations();
  }
  return views;
}

unsigned Delivery::abandoned_threads() const { return impl_->abandoned.load(std::memory_order_relaxed); }

void Delivery::stop() {
  if (impl_->stopped) return;
  impl_->stopped = true;
  for (const Impl::Placed& placed : impl_->lanes)
    if (!placed.lost) impl_->threads[placed.thread]->post([lane = placed.lane] { lane->shut(); });
  for (std::size_t i = 0; i < impl_->threads.size(); ++i) {
    DeliveryThread& thread = *impl_->threads[i];
    thread.finish();
    // A plugin may be stuck in its last call, too.
    plugin::CallSlot::Running call;
    bool lost = false;
    while (!lost && !thread.ended(std::chrono::milliseconds(50)))
      lost = thread.slot().abandon(impl_->clock.mono_ns(), impl_->tuning.call_limit_ms * 1'000'000, &call);
    if (lost) {
      impl_->lose_thread(i, call);
    } else {
      thread.join();
    }
  }
}

}  // namespace csiem::delivery
