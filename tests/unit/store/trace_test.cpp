// What the store knows of one event.
#include "store/trace.hpp"

#include <doctest/doctest.h>

#include "store/inspect.hpp"
#include "store_bench.hpp"

using namespace csiem;
using namespace csiem::store;
using namespace csiem::test;

namespace {

using Place = EventTrace::Place;

// An event as a daemon writes it, for which the id can be searched.
std::string id_of(int number) {
  char id[64];
  std::snprintf(id, sizeof id, "00000000-0000-7000-8000-%012d", number);
  return id;
}

bool revive(std::string_view canonical, event::BatchBuilder& out) {
  csiem_event& event = out.add();
  const auto text = out.arena().copy(canonical);
  event.canonical_json = {text.data(), text.size()};
  constexpr std::string_view kHead = "{\"event_id\":\"";
  event.event_id = {text.data() + kHead.size(), 36};
  event.severity = 3;
  return true;
}

std::shared_ptr<event::EventBatch> batch_of(event::BatchBuilder& builder, int first, int last) {
  for (int i = first; i <= last; ++i)
    revive("{\"event_id\":\"" + id_of(i) + "\",\"n\":" + std::to_string(i) + "}", builder);
  return builder.seal(0);
}

const EventTrace::Exporter& of(const EventTrace& trace, const std::string& id) {
  for (const auto& one : trace.exporters)
    if (one.id == id) return one;
  FAIL("no exporter " << id);
  return trace.exporters.front();
}

}  // namespace

TEST_CASE("an event is where each exporter has it, and unknown when nobody knows it any more") {
  const TemporaryDirectory dir;
  ManualClock clock;
  auto options = options_for(dir.path());
  options.clock = &clock;
  options.revive = revive;
  const auto store = *store::open_store(options);
  event::BatchBuilder builder(event::BatchPool::create());
  FakeLane slow(*store, "slow"), other(*store, "other");
  for (int first : {1, 101}) {
    REQUIRE(store->append(batch_of(builder, first, first + 99), "audit", "x"));
    REQUIRE(store->flush());
  }
  REQUIRE(slow.has(200));
  REQUIRE(other.has(200));
  FakeLane late(*store, "late");
  slow.cursor().settle(100, 110, {11, 0, 0, 0});
  DeadLetter letter;
  letter.event_id = id_of(150);
  letter.sequence = 150;
  letter.error_class = "rejected";
  letter.attempts = 3;
  letter.event_json = "{\"event_id\":\"" + id_of(150) + "\"}";
  slow.cursor().dead_letter(letter);
  slow.cursor().settle(150, 150, {0, 0, 1, 0});
  other.cursor().settle(1, 200, {200, 0, 0, 0});
  REQUIRE(store->flush());

  const auto trace = [&](int number) {
    // One process must not have an environment open twice.
    const TemporaryDirectory copy;
    std::filesystem::copy(dir / "store", copy / "store");
    const auto inspector = *Inspector::open(copy.path(), Inspector::Access::read);
    auto found = inspector.trace(id_of(number));
    REQUIRE(found);
    return *std::move(found);
  };
  auto found = trace(42);
  REQUIRE(found);
  CHECK(found->in_log);
  CHECK(found->sequence == 42);
  CHECK(found->severity == 3);
  CHECK(found->source == "audit");
  CHECK(found->position == "x");
  CHECK(found->accepted_unix_ns == clock.unix_ns());
  CHECK(found->event_json.find("\"n\":42}") != std::string::npos);
  CHECK(of(*found, "slow").place == Place::queued);
  CHECK(of(*found, "other").place == Place::settled);
  CHECK(of(*found, "late").place == Place::before_start);
  found = trace(105);
  REQUIRE(found);
  CHECK(of(*found, "slow").place == Place::settled);
  CHECK_FALSE(of(*found, "slow").drops);
  found = trace(150);
  REQUIRE(found);
  CHECK(of(*found, "slow").place == Place::dead_letter);
  CHECK(of(*found, "slow").letter_json.find("\"attempts\":3") != std::string::npos);
  CHECK(of(*found, "other").place == Place::settled);
  CHECK_FALSE(trace(777));

  // Everything is settled: the blocks go, the ids stay for an hour and the letter for longer.
  slow.cursor().settle(1, 99, {99, 0, 0, 0});
  slow.cursor().settle(111, 149, {39, 0, 0, 0});
  slow.cursor().settle(151, 200, {50, 0, 0, 0});
  REQUIRE(store->flush());
  CHECK(soon([&] { return store->flush() && !trace(42)->in_log; }));
  found = trace(42);
  REQUIRE(found);
  CHECK(found->accepted_unix_ns == clock.unix_ns());
  CHECK(of(*found, "slow").place == Place::settled);
  clock.advance_ms(3'700'000);
  REQUIRE(store->append(batch_of(builder, 201, 201), "audit", "x"));
  REQUIRE(store->flush());
  CHECK_FALSE(trace(42));
  found = trace(150);
  REQUIRE(found);
  CHECK_FALSE(found->in_log);
  CHECK(of(*found, "slow").place == Place::dead_letter);
}
