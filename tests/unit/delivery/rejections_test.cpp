// A burst of rejected events holds the exporter instead of draining the queue into the dead letters.
#include "delivery/rejections.hpp"

#include <doctest/doctest.h>

#include "lane_bench.hpp"

using namespace csiem;
using namespace csiem::test;
using namespace csiem::delivery;

namespace {

bool is_bad(const csiem_event& event) {
  return std::string_view(event.event_id.ptr, event.event_id.len).starts_with("odd");
}

// Names every refused event, as a bulk interface does.
csiem_status name_the_bad(FakeInstance& self, const csiem_batch& batch, uint64_t token) {
  std::vector<FakeInstance::Exception> bad;
  for (uint32_t i = 0; i < batch.count; ++i)
    if (is_bad(*batch.events[i])) bad.push_back({i, CSIEM_REJECT, "mapper_parsing_exception"});
  return self.complete(token, CSIEM_DELIVERED, bad);
}

// `bad` of every ten are refused, numbered from `first` on.
std::vector<Spec> mixed(int events, int bad, int first = 0) {
  std::vector<Spec> specs;
  for (int i = first; i < first + events; ++i) specs.push_back({(i % 10 < bad ? "odd" : "e-") + std::to_string(i)});
  return specs;
}

}  // namespace

TEST_CASE("half of the last hundred is a burst, less is not") {
  Rejections one;
  CHECK_FALSE(one.add(51, 49));
  CHECK_FALSE(one.add(0, 0));
  CHECK(one.add(0, 1));
  Rejections slow;
  for (int i = 0; i < 10'000; ++i) CHECK_FALSE(slow.add(3, 2));
  Rejections rising;
  for (int i = 0; i < 1000; ++i) CHECK_FALSE(rising.add(1, 0));
  for (int i = 0; i < 49; ++i) CHECK_FALSE(rising.add(0, 1));
  CHECK(rising.add(0, 1));
  Rejections forgotten;
  for (int i = 0; i < 49; ++i) CHECK_FALSE(forgotten.add(0, 1));
  CHECK_FALSE(forgotten.add(100, 0));
  CHECK_FALSE(forgotten.add(0, 49));
}

TEST_CASE("a large batch counts with its share, whatever its order") {
  Rejections large;
  CHECK_FALSE(large.add(4510, 490));
  CHECK(large.refused() == 10);
  CHECK(large.add(2000, 3000));
}

TEST_CASE("whoever tolerates it is not asked again until a hundred events in a row were accepted") {
  Rejections one;
  one.add(0, 60);
  one.forget();
  one.tolerate();
  CHECK_FALSE(one.add(1, 0));
  CHECK_FALSE(one.add(40, 60));
  CHECK_FALSE(one.add(60, 0));
  CHECK_FALSE(one.add(0, 60));
  CHECK_FALSE(one.add(100, 0));
  CHECK(one.add(0, 50));
}

TEST_CASE("a burst of named rejects holds the exporter once, keeps them, and they end after the hold") {
  auto settings = quiet_settings();
  settings.batch_size = 100;
  settings.concurrency = 1;
  LaneBench bench(settings);
  bench.script.on_submit = &name_the_bad;
  REQUIRE(bench.start());
  bench.publish(mixed(1000, 6));
  CHECK(bench.state() == LaneState::held_destination);
  CHECK(bench.lane->stats().problem_code == 4035);
  CHECK(bench.lane->last_error().find("60 of the last 100 events are rejected") != std::string::npos);
  CHECK(bench.dead().empty());
  CHECK(bench.cursor->total(store::Fate::delivered) == 40);  // they are not sent again after a restart
  CHECK(bench.script.submits() == 1);                        // nothing further left the queue
  CHECK(bench.queued() == 1000 - 40);
  CHECK(bench.cursor->state().find("hold rejected 4035") != std::string::npos);

  // The platform is mended.
  bench.script.on_submit = nullptr;
  bench.loop.advance_ms(60'000);
  CHECK(bench.state() == LaneState::running);
  CHECK(bench.queued() == 0);
  CHECK(bench.dead().empty());
  CHECK_FALSE(bench.cursor->broken());
}

TEST_CASE("what was kept and is refused again after the hold becomes dead letters; new bursts hold again") {
  auto settings = quiet_settings();
  settings.batch_size = 100;
  settings.concurrency = 1;
  LaneBench bench(settings);
  bench.script.on_submit = &name_the_bad;
  REQUIRE(bench.start());
  bench.publish(mixed(100, 6));
  bench.publish(mixed(100, 6, 100));
  REQUIRE(bench.state() == LaneState::held_destination);
  int minutes = 0;
  while (bench.state() == LaneState::held_destination && minutes++ < 200) {
    const auto dead = bench.cursor->letters().size();
    bench.loop.advance_ms(60'000);
    if (bench.state() == LaneState::held_destination && bench.cursor->letters().size() == 60 && dead == 0) break;
  }
  CHECK(bench.cursor->letters().size() == 60);  // of the first batch, once an event had been accepted
  CHECK(bench.state() == LaneState::held_destination);
  bench.publish(10);  // of what is left all is refused: somebody has to be accepted
  for (minutes = 0; bench.queued() > 0 && minutes < 200; ++minutes) bench.loop.advance_ms(60'000);
  CHECK(bench.cursor->letters().size() == 120);
  CHECK(bench.cursor->total(store::Fate::delivered) == 90);
  CHECK_FALSE(bench.cursor->broken());
}

TEST_CASE("after an operator's resume the queue is drained, with its dead letters") {
  auto settings = quiet_settings();
  settings.batch_size = 100;
  settings.concurrency = 1;
  LaneBench bench(settings);
  bench.script.on_submit = &name_the_bad;
  REQUIRE(bench.start());
  bench.publish(mixed(2000, 6));
  REQUIRE(bench.state() == LaneState::held_destination);
  for (int i = 0; i < 100 && bench.state() == LaneState::held_destination; ++i) {
    CHECK(bench.lane->set_paused(false));
    bench.loop.advance_ms(1000);
  }
  CHECK(bench.state() == LaneState::running);
  CHECK(bench.queued() == 0);
  CHECK(bench.cursor->letters().size() == 1200);
  CHECK(bench.cursor->total(store::Fate::delivered) == 800);
}

TEST_CASE("single events, good and bad in turn, are a burst as well") {
  auto settings = quiet_settings();
  settings.batch_size = 1;
  settings.concurrency = 1;
  LaneBench bench(settings);
  bench.script.on_submit = [](FakeInstance& self, const csiem_batch& batch, uint64_t token) {
    return self.complete(token, is_bad(*batch.events[0]) ? CSIEM_REJECT : CSIEM_DELIVERED);
  };
  REQUIRE(bench.start());
  std::vector<Spec> specs;
  for (int i = 0; i < 400; ++i) specs.push_back({(i % 2 == 0 ? "odd" : "e-") + std::to_string(i)});
  bench.publish(specs);
  CHECK(bench.state() == LaneState::held_destination);
  CHECK(bench.lane->stats().problem_code == 4035);
  CHECK(bench.cursor->letters().size() == 49);
}

TEST_CASE("a tenth of rejected events is none") {
  LaneBench bench;
  bench.script.on_submit = &name_the_bad;
  REQUIRE(bench.start());
  bench.publish(mixed(1000, 1));
  CHECK(bench.state() == LaneState::running);
  CHECK(bench.cursor->letters().size() == 100);
  CHECK(bench.queued() == 0);
}
