// A plugin call that does not return costs its thread, not the daemon.

#include <string>
#include <utility>

#include "base/log.hpp"
#include "delivery/delivery_impl.hpp"

namespace csiem::delivery {
namespace {

constexpr unsigned kMostLostThreads = 3;

}  // namespace

void Delivery::Impl::lose_thread(std::size_t index, const plugin::CallSlot::Running& call) {
  const Lane* const guilty = threads[index]->active();
  threads[index]->leave();
  const unsigned count = abandoned.fetch_add(1, std::memory_order_relaxed) + 1;
  for (Placed& placed : lanes) {
    if (placed.lane.get() != guilty) continue;
    placed.lost = true;
    const std::string why =
        std::string(call.call) + " has not returned for " + std::to_string(call.for_ns / 1'000'000) + " ms";
    placed.lane->bury(why);
    log::error(3011, placed.lane->id(), why, {{"call", call.call}, {"threads_lost", std::to_string(count)}});
  }
  if (count >= kMostLostThreads)
    log::error(3011, call.instance, "too many threads are lost to stuck plugins; the daemon has to be restarted");
}

void Delivery::watch() {
  for (std::size_t i = 0; i < impl_->threads.size(); ++i) {
    plugin::CallSlot::Running call;
    if (!impl_->threads[i]->slot().abandon(impl_->clock.mono_ns(), impl_->tuning.call_limit_ms * 1'000'000, &call))
      continue;
    // From here on the thread touches nothing but the guilty lane: the others may be moved.
    impl_->lose_thread(i, call);
    impl_->threads[i] = DeliveryThread::start(impl_->clock);
    for (const Impl::Placed& placed : impl_->lanes)
      if (placed.thread == i && !placed.lost) placed.lane->move_to(*impl_->threads[i]);
  }
}

}  // namespace csiem::delivery
