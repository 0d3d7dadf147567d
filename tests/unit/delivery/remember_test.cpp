// Breaker and holds over a restart.
#include <doctest/doctest.h>

#include "delivery/remembered.hpp"
#include "fixed_random.hpp"
#include "lane_bench.hpp"

using namespace csiem;
using namespace csiem::test;
using namespace csiem::delivery;

namespace {

void speak_http(LaneBench& bench) {
  bench.script.on_submit = [](FakeInstance& self, const csiem_batch&, uint64_t token) {
    return self.request(token, "https://siem.example/in", &FakeInstance::classify_usual);
  };
}

config::Exporter impatient(const std::string& settings_json = "{}") {
  auto settings = quiet_settings();
  settings.concurrency = 1;
  settings.breaker.failure_threshold = 1;
  settings.fallback.settings_json = settings_json;
  return settings;
}

// The state that the lane of an earlier process left: held by the answer `status` (500: its breaker is open).
std::string left_by(int status) {
  LaneBench bench(impatient());
  speak_http(bench);
  REQUIRE(bench.start());
  bench.publish(10);
  bench.loop.answer(status);
  return bench.cursor->state();
}

Remembered example() {
  Remembered out;
  out.settings = 0x9f2c41aa;
  out.outlet = 2;
  out.breaker = Remembered::Open{1'772'500'030'000, 60'000};
  out.hold = Remembered::Held{Hold::Kind::auth, 4010, 1'772'500'060'000};
  out.words = "HTTP 401\nsecond line";
  return out;
}

}  // namespace

TEST_CASE("what is remembered is a text that reads as it was written") {
  const Remembered all = example();
  const std::string text = write_remembered(all);
  CHECK(text ==
        "lane 1\nsettings 9f2c41aa 2\nbreaker 1772500030000 60000\nhold auth 4010 1772500060000\n"
        "words HTTP 401\nsecond line");
  CHECK(read_remembered(text) == all);
  Remembered one = all;
  one.hold.reset();
  one.words.clear();
  CHECK(read_remembered(write_remembered(one)) == one);
  CHECK(write_remembered(Remembered{}).empty());
}

TEST_CASE("text of another version, cut short or changed is nothing, never half of it") {
  const std::string text = write_remembered(example());
  const std::size_t words = text.find("words ");
  for (std::size_t cut = 0; cut < words + 6; ++cut) CHECK(read_remembered(text.substr(0, cut)) == Remembered{});
  for (const char* bad :
       {"lane 2\nsettings 1 0\nwords x", "lane 1\nwords x", "lane 1\nsettings 1 0\nsettings 1 0\nwords x",
        "lane 1\nsettings 1 0\nhold sleepy 4010 1\nwords x", "lane 1\nsettings 1 0\nhold auth 4010 -1\nwords x",
        "lane 1\nsettings 1 0\nhold auth 4010 1 7\nwords x", "lane 1\nsettings 123456789 0\nwords x",
        "lane 1\nsettings 1 0\nbreaker 99999999999999999999 1\nwords x", "lane 1\nsettings 1 0\nhold auth 1 1\nwords x",
        "lane 1\nsettings 1 0\nsomething new\nwords x"}) {
    CAPTURE(bad);
    CHECK(read_remembered(bad) == Remembered{});
  }
  CHECK(read_remembered(text + std::string(100'000, 'x')) == Remembered{});
}

TEST_CASE("an open breaker is open after a restart, probes a second later and keeps its doubling") {
  const std::string state = left_by(500);
  CHECK(state.find("breaker ") != std::string::npos);
  LaneBench bench(impatient());
  bench.remembered = state;
  speak_http(bench);
  bench.clock.advance_ms(20'000);  // the daemon was down
  REQUIRE(bench.start());
  CHECK(bench.state() == LaneState::open);
  CHECK(bench.lane->last_error().find("HTTP 500") != std::string::npos);
  bench.publish(10);
  bench.loop.advance_ms(999);
  CHECK(bench.loop.sent.empty());
  bench.loop.advance_ms(1);
  REQUIRE(bench.loop.sent.size() == 1);
  CHECK(bench.script.seen().back().ids.size() == 1);
  bench.loop.answer(500);
  bench.loop.advance_ms(47'999);
  CHECK(bench.loop.sent.empty());  // twice as long
  bench.loop.advance_ms(24'002);
  REQUIRE(bench.loop.sent.size() == 1);
  while (!bench.loop.sent.empty()) bench.loop.answer(200);
  CHECK(bench.state() == LaneState::running);
  CHECK(bench.cursor->state().empty());
}

TEST_CASE("each hold is one after a restart, with code and words, and its next probe comes a second later") {
  struct Row {
    int status, code;
    LaneState state;
  };
  for (const Row& row : {Row{401, 4010, LaneState::held_auth}, Row{404, 4040, LaneState::held_destination}}) {
    CAPTURE(row.status);
    const std::string state = left_by(row.status);
    LaneBench bench(impatient());
    bench.remembered = state;
    speak_http(bench);
    bench.clock.advance_ms(10'000);
    REQUIRE(bench.start());
    bench.publish(10);
    CHECK(bench.state() == row.state);
    CHECK(bench.lane->stats().problem_code == row.code);
    CHECK(bench.lane->last_error().find("HTTP " + std::to_string(row.status)) != std::string::npos);
    bench.loop.advance_ms(999);
    CHECK(bench.loop.sent.empty());
    bench.loop.advance_ms(1);
    REQUIRE(bench.loop.sent.size() == 1);
    bench.loop.answer(row.status);
    CHECK(bench.state() == row.state);
    bench.loop.advance_ms(60'000);
    while (!bench.loop.sent.empty()) bench.loop.answer(200);
    CHECK(bench.state() == LaneState::running);
    CHECK(bench.queued() == 0);
    CHECK(bench.cursor->state().empty());
  }
}

TEST_CASE("an exporter that refused everything is held after a restart") {
  std::string state;
  {
    auto settings = impatient();
    settings.batch_size = 1;
    LaneBench bench(settings);
    speak_http(bench);
    REQUIRE(bench.start());
    bench.publish(8);
    while (!bench.loop.sent.empty()) bench.loop.answer(400);
    REQUIRE(bench.state() == LaneState::held_destination);
    state = bench.cursor->state();
  }
  LaneBench bench(impatient());
  bench.remembered = state;
  speak_http(bench);
  REQUIRE(bench.start());
  bench.publish(1);
  CHECK(bench.state() == LaneState::held_destination);
  CHECK(bench.lane->stats().problem_code == 4031);
  bench.loop.advance_ms(60'000);
  bench.loop.answer(400);
  CHECK(bench.dead().empty());
  CHECK(bench.state() == LaneState::held_destination);
}

TEST_CASE("changed settings, or another credential, end what is remembered") {
  for (const bool changed : {false, true}) {
    const std::string state = left_by(404);
    LaneBench bench(impatient(changed ? R"({"url":"https://other.example"})" : "{}"));
    bench.remembered = state;
    speak_http(bench);
    REQUIRE(bench.start());
    bench.publish(10);
    CHECK(bench.state() == (changed ? LaneState::running : LaneState::held_destination));
    CHECK(bench.loop.sent.empty() != changed);
    CHECK(bench.cursor->state().empty() == changed);
  }

  std::string state;
  for (const std::string value : {"refused-value", "refused-value", "another-value"}) {
    CAPTURE(value);
    auto settings = impatient();
    settings.fallback.secrets.push_back({"token", "", value, {}});
    LaneBench bench(settings);
    credentials::CredentialStore store({}, bench.clock);
    bench.parts.credentials = &store;
    bench.remembered = state;
    speak_http(bench);
    REQUIRE(bench.start());
    bench.publish(10);
    if (state.empty()) {
      bench.loop.answer(401);
      state = bench.cursor->state();
      CHECK(state.find(value) == std::string::npos);
    } else {
      CHECK(bench.state() == (value == "refused-value" ? LaneState::held_auth : LaneState::running));
    }
    bench.lane->shut();
  }
}

TEST_CASE("a wall clock that jumped cannot make a remembered wait longer than it may be") {
  for (const int status : {404, 500}) {
    for (const int64_t jump_ms : {int64_t{-400} * 86'400'000, int64_t{400} * 86'400'000}) {
      CAPTURE(status);
      CAPTURE(jump_ms);
      const std::string state = left_by(status);
      LaneBench bench(impatient());
      bench.remembered = state;
      speak_http(bench);
      bench.clock.step_wall_ms(jump_ms);
      REQUIRE(bench.start());
      bench.publish(1);
      bench.loop.advance_ms(200);
      CHECK(bench.loop.sent.size() == (jump_ms > 0 ? 1 : 0));  // its time is over
      bench.loop.advance_ms(status == 404 ? 60'000 : 36'000);
      CHECK(bench.loop.sent.size() == 1);
    }
  }
}

TEST_CASE("an operator's resume ends the wait of what was remembered") {
  for (const int status : {401, 404, 500}) {
    const std::string state = left_by(status);
    LaneBench bench(impatient());
    bench.remembered = state;
    speak_http(bench);
    REQUIRE(bench.start());
    bench.publish(10);
    CHECK(bench.loop.sent.empty());
    CHECK(bench.lane->set_paused(false));
    bench.loop.settle();
    CHECK(bench.loop.sent.size() == 1);
    while (!bench.loop.sent.empty()) bench.loop.answer(200);
    CHECK(bench.state() == LaneState::running);
    CHECK(bench.cursor->state().empty());
  }
}

TEST_CASE("the state is written when it changes, not with every batch") {
  LaneBench bench(impatient());
  speak_http(bench);
  REQUIRE(bench.start());
  for (int i = 0; i < 100; ++i) {
    bench.publish(10);
    bench.loop.answer(200);
  }
  CHECK(bench.cursor->saves() == 0);
  bench.publish(10);
  bench.loop.answer(500);
  CHECK(bench.cursor->saves() == 1);
  for (int i = 0; i < 100; ++i) bench.publish(10);
  CHECK(bench.cursor->saves() == 1);
}
