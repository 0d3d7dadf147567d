#include "bus/event_bus.hpp"

#include <algorithm>
#include <utility>

namespace csiem::bus {

struct EventBus::Subscription::State {
  BatchHandler handler;
  std::weak_ptr<Impl> bus;
  // Held while the handler runs, so that an ending subscription waits for it; recursive, so that a handler may end its
  // own subscription.
  std::recursive_mutex running;
  bool active = true;  // guarded by `running`
};

struct EventBus::Impl {
  using List = std::vector<std::shared_ptr<Subscription::State>>;

  std::mutex mutex;  // guards `list`, never held while a handler runs
  std::shared_ptr<const List> list = std::make_shared<List>();

  std::shared_ptr<const List> snapshot() {
    const std::lock_guard lock(mutex);
    return list;
  }
  template <class Change>
  void change(Change&& change_it) {
    const std::lock_guard lock(mutex);
    auto copy = std::make_shared<List>(*list);
    change_it(*copy);
    list = std::move(copy);
  }
};

EventBus::Subscription& EventBus::Subscription::operator=(Subscription&& other) noexcept {
  if (this != &other) {
    Subscription ended;
    ended.state_ = std::exchange(state_, std::move(other.state_));
  }
  return *this;
}

EventBus::Subscription::~Subscription() {
  if (!state_) return;
  {
    const std::lock_guard lock(state_->running);
    state_->active = false;
  }
  if (const auto bus = state_->bus.lock()) bus->change([&](Impl::List& list) { std::erase(list, state_); });
}

EventBus::EventBus() : impl_(std::make_shared<Impl>()) {}
EventBus::~EventBus() = default;

EventBus::Subscription EventBus::subscribe(BatchHandler handler) {
  Subscription subscription;
  subscription.state_ = std::make_shared<Subscription::State>();
  subscription.state_->handler = std::move(handler);
  subscription.state_->bus = impl_;
  impl_->change([&](Impl::List& list) { list.push_back(subscription.state_); });
  return subscription;
}

EventBus::Subscription EventBus::subscribe(EventPredicate filter, EventHandler handler) {
  return subscribe([filter = std::move(filter), handler = std::move(handler)](const event::BatchRef& batch) {
    for (const csiem_event& event : batch->events())
      if (!filter || filter(event)) handler(event);
  });
}

void EventBus::emit(const event::BatchRef& batch) {
  const auto list = impl_->snapshot();
  for (const auto& subscriber : *list) {
    const std::lock_guard lock(subscriber->running);
    if (subscriber->active) subscriber->handler(batch);
  }
}

}  // namespace csiem::bus
