#include <doctest/doctest.h>

#include <atomic>
#include <memory>
#include <optional>
#include <thread>
#include <vector>

#include "bus/event_bus.hpp"

using namespace csiem;
using bus::EventBus;

namespace {

event::BatchRef batch_of(std::vector<int32_t> severities) {
  event::BatchBuilder builder(event::BatchPool::create());
  for (const int32_t severity : severities) builder.add().severity = severity;
  return builder.seal(0);
}

}  // namespace

TEST_CASE("every subscriber gets the same batch, in order, once") {
  EventBus bus;
  std::vector<event::BatchRef> one, two;
  const auto first = bus.subscribe([&](const event::BatchRef& batch) { one.push_back(batch); });
  const auto second = bus.subscribe([&](const event::BatchRef& batch) { two.push_back(batch); });
  const std::vector<event::BatchRef> sent{batch_of({1}), batch_of({2, 3})};
  for (const auto& batch : sent) bus.emit(batch);
  CHECK(one == sent);
  CHECK(two == sent);
}

TEST_CASE("a filter chooses events") {
  EventBus bus;
  std::vector<int32_t> some, all;
  const auto filtered = bus.subscribe([](const csiem_event& event) { return event.severity >= 3; },
                                      [&](const csiem_event& event) { some.push_back(event.severity); });
  const auto unfiltered =
      bus.subscribe(bus::EventPredicate{}, [&](const csiem_event& event) { all.push_back(event.severity); });
  bus.emit(batch_of({1, 3, 2, 4}));
  CHECK(some == std::vector<int32_t>{3, 4});
  CHECK(all == std::vector<int32_t>{1, 3, 2, 4});
}

TEST_CASE("a subscription ends with its object, also when that is moved or replaced") {
  EventBus bus;
  int one = 0, two = 0;
  auto kept = bus.subscribe([&](const event::BatchRef&) { ++one; });
  {
    auto moved = std::move(kept);
    bus.emit(batch_of({1}));
    CHECK(one == 1);
  }
  bus.emit(batch_of({1}));
  CHECK(one == 1);
  kept = bus.subscribe([&](const event::BatchRef&) { ++one; });
  kept = bus.subscribe([&](const event::BatchRef&) { ++two; });
  bus.emit(batch_of({1}));
  CHECK(one == 1);
  CHECK(two == 1);
}

TEST_CASE("a subscription may outlive its bus") {
  std::optional<EventBus> bus(std::in_place);
  const auto used = std::make_shared<int>();
  {
    const auto kept = bus->subscribe([used](const event::BatchRef&) {});
    bus.reset();
  }
  CHECK(used.use_count() == 1);  // the handler is gone
}

TEST_CASE("a handler may end its own subscription and open others") {
  EventBus bus;
  int calls = 0, late = 0;
  std::optional<EventBus::Subscription> own, other;
  own = bus.subscribe([&](const event::BatchRef&) {
    ++calls;
    other = bus.subscribe([&](const event::BatchRef&) { ++late; });
    own.reset();
  });
  bus.emit(batch_of({1}));
  bus.emit(batch_of({1}));
  CHECK(calls == 1);
  CHECK(late == 1);
}

TEST_CASE("after the end of a subscription its handler is not running") {
  EventBus bus;
  std::atomic<bool> stop{false};
  std::thread publisher([&] {
    const auto batch = batch_of({1});
    while (!stop) bus.emit(batch);
  });
  for (int i = 0; i < 100; ++i) {
    // Under a sanitizer a late call would touch dead memory.
    auto alive = std::make_unique<std::atomic<int>>(0);
    auto subscription = bus.subscribe([target = alive.get()](const event::BatchRef&) { ++*target; });
    while (*alive == 0) std::this_thread::yield();
    { const auto ended = std::move(subscription); }
    const int after = *alive;
    std::this_thread::yield();
    REQUIRE(*alive == after);
  }
  stop = true;
  publisher.join();
}
