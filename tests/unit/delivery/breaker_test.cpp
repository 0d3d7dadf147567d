#include "delivery/breaker.hpp"

#include <doctest/doctest.h>

#include "fixed_random.hpp"

using namespace csiem::delivery;
using csiem::test::FixedRandom;
using Change = Breaker::Change;
using State = Breaker::State;

namespace {
constexpr int64_t kSecond = 1'000'000'000;
}

TEST_CASE("the breaker opens at the fifth failure in a row, not before") {
  FixedRandom middle(500);
  Breaker breaker({}, middle);
  int64_t now = 100 * kSecond;
  for (int i = 0; i < 4; ++i) CHECK(breaker.on_failure(now) == Change::none);
  breaker.on_success(now);
  for (int i = 0; i < 4; ++i) CHECK(breaker.on_failure(now) == Change::none);
  CHECK(breaker.on_failure(now) == Change::opened);
  CHECK(breaker.state() == State::open);
  CHECK(breaker.probe_at_ns() == now + 30 * kSecond);
}

TEST_CASE("a failed probe doubles the time up to five minutes, a good one closes") {
  FixedRandom middle(500);
  Breaker breaker({1, 30'000}, middle);
  int64_t now = 0;
  CHECK(breaker.on_failure(now) == Change::opened);
  for (const int64_t seconds : {60, 120, 240, 300, 300}) {
    now = breaker.probe_at_ns();
    breaker.begin_probe();
    CHECK(breaker.state() == State::half_open);
    CHECK(breaker.on_failure(now) == Change::opened);
    CHECK(breaker.probe_at_ns() - now == seconds * kSecond);
  }
  breaker.begin_probe();
  CHECK(breaker.on_success(breaker.probe_at_ns()) == Change::closed);
  CHECK(breaker.state() == State::closed);
  CHECK(breaker.on_failure(now) == Change::opened);
  CHECK(breaker.probe_at_ns() - now == 30 * kSecond);  // from the beginning again
}

TEST_CASE("every input in every state") {
  enum class Input { success, failure, probe, undecided };
  struct Row {
    State from;
    Input input;
    Change change;
    State to;
  };
  for (const Row& row : {Row{State::closed, Input::success, Change::none, State::closed},
                         Row{State::closed, Input::failure, Change::opened, State::open},
                         Row{State::closed, Input::undecided, Change::none, State::closed},
                         Row{State::open, Input::success, Change::closed, State::closed},
                         Row{State::open, Input::failure, Change::none, State::open},
                         Row{State::open, Input::probe, Change::none, State::half_open},
                         Row{State::open, Input::undecided, Change::none, State::open},
                         Row{State::half_open, Input::success, Change::closed, State::closed},
                         Row{State::half_open, Input::failure, Change::opened, State::open},
                         Row{State::half_open, Input::undecided, Change::none, State::open}}) {
    FixedRandom middle(500);
    Breaker breaker({1, 30'000}, middle);
    if (row.from != State::closed) breaker.on_failure(0);
    if (row.from == State::half_open) breaker.begin_probe();
    CAPTURE(static_cast<int>(row.from));
    CAPTURE(static_cast<int>(row.input));
    Change change = Change::none;
    if (row.input == Input::success) change = breaker.on_success(kSecond);
    if (row.input == Input::failure) change = breaker.on_failure(kSecond);
    if (row.input == Input::probe) breaker.begin_probe();
    if (row.input == Input::undecided) breaker.probe_undecided();
    CHECK(change == row.change);
    CHECK(breaker.state() == row.to);
  }
}

TEST_CASE("a breaker that is opened again as it was goes on doubling, and is never longer open than it may be") {
  FixedRandom middle(500);
  Breaker breaker({5, 30'000}, middle);
  breaker.reopen(120'000, 7 * kSecond);
  CHECK(breaker.state() == State::open);
  CHECK(breaker.probe_at_ns() == 7 * kSecond);
  breaker.begin_probe();
  CHECK(breaker.on_failure(7 * kSecond) == Change::opened);
  CHECK(breaker.probe_at_ns() == 247 * kSecond);
  breaker.reopen(1'000'000'000'000, 0);
  CHECK(breaker.open_for_ms() == 300'000);
  breaker.reopen(-5, 0);
  CHECK(breaker.open_for_ms() == 30'000);
}

TEST_CASE("the open time varies by a fifth either way") {
  FixedRandom lowest(0), highest(1000);
  Breaker early({1, 30'000}, lowest), late({1, 30'000}, highest);
  early.on_failure(0);
  late.on_failure(0);
  CHECK(early.probe_at_ns() == 24 * kSecond);
  CHECK(late.probe_at_ns() == 36 * kSecond);
}

TEST_CASE("half of twenty requests within thirty seconds is enough, of nineteen or long ago not") {
  FixedRandom middle(500);
  Breaker breaker({1'000'000, 30'000}, middle);
  int64_t now = 1000 * kSecond;
  for (int i = 0; i < 9; ++i) {
    breaker.on_success(now);
    CHECK(breaker.on_failure(now) == Change::none);
  }
  now += 31 * kSecond;  // forgotten
  for (int i = 0; i < 9; ++i) {
    CHECK(breaker.on_failure(now) == Change::none);
    breaker.on_success(now);
  }
  breaker.on_success(now);
  CHECK(breaker.on_failure(now) == Change::opened);
}

TEST_CASE("stragglers of before do not prolong an open breaker, their success closes it") {
  FixedRandom middle(500);
  Breaker breaker({1, 30'000}, middle);
  breaker.on_failure(0);
  const int64_t probe_at = breaker.probe_at_ns();
  CHECK(breaker.on_failure(kSecond) == Change::none);
  CHECK(breaker.probe_at_ns() == probe_at);
  CHECK(breaker.on_success(2 * kSecond) == Change::closed);
}

TEST_CASE("an undecided probe leaves room for another one") {
  FixedRandom middle(500);
  Breaker breaker({1, 30'000}, middle);
  breaker.on_failure(0);
  breaker.begin_probe();
  breaker.probe_undecided();
  CHECK(breaker.state() == State::open);
}
