#include <doctest/doctest.h>

#include "store/cursor_state.hpp"

using namespace csiem::store;

namespace {

std::vector<Range> skipped(const CursorState& state, Sequence first, Sequence last) {
  std::vector<Range> out;
  state.skipped_in(first, last, out);
  return out;
}

}  // namespace

TEST_CASE("what is settled, handed over early or passed is skipped") {
  CursorState state(1);
  state.hand_over(1, 10, 10, 100);
  CHECK(state.next() == 11);
  state.hand_over_early({13, 14}, 5);
  state.hand_over_early({20, 20}, 5);
  CHECK(skipped(state, 8, 30) == std::vector<Range>{{8, 10}, {13, 14}, {20, 20}});
  state.settle(20, 20, {1, 0, 0, 0});
  CHECK(skipped(state, 11, 30) == std::vector<Range>{{13, 14}, {20, 20}});
  CHECK(state.on_the_way_bytes() == 105);
  state.hand_over(11, 30, 17, 50);
  state.settle(11, 12, {2, 0, 0, 0});
  state.settle(15, 19, {5, 0, 0, 0});
  CHECK(state.on_the_way_bytes() == 155);
  state.settle(21, 30, {10, 0, 0, 0});
  CHECK(state.on_the_way_bytes() == 105);
  state.settle(13, 14, {0, 2, 0, 0});
  CHECK(state.on_the_way_bytes() == 100);
  CHECK(state.frontier() == 1);
  state.settle(1, 10, {9, 0, 1, 0});
  CHECK(state.on_the_way_bytes() == 0);
  CHECK(state.frontier() == 31);
  const Ledger ledger = state.ledger(41);
  CHECK(ledger.accepted == 40);
  CHECK(ledger.delivered == 27);
  CHECK(ledger.filtered == 2);
  CHECK(ledger.dead_lettered == 1);
  CHECK(ledger.queued() == 10);
}

TEST_CASE("the record gives back the settled ranges, the ledger and the exporter's text") {
  CursorState state(5);
  state.hand_over(5, 30, 26, 1);
  state.settle(10, 12, {3, 0, 0, 0});
  state.settle(20, 20, {0, 0, 1, 0});
  state.take_out(31, 40, [&](Range part) { state.count_dropped(1, part.size()); });
  state.take_out(42, 42, [&](Range) { state.count_lost(1); });
  state.state = "open until noon";
  state.limits.max_bytes = 7;
  const auto again = CursorState::decode(state.encode());
  REQUIRE(again);
  CHECK(again->frontier() == 5);
  CHECK(again->next() == 5);
  CHECK(again->state == "open until noon");
  CHECK(again->limits.max_bytes == 7);
  CHECK(skipped(*again, 5, 50) == std::vector<Range>{{10, 12}, {20, 20}, {31, 40}, {42, 42}});
  CHECK(again->ledger(45).dropped_by == BySeverity{0, 10, 0, 0, 0});
  CHECK(again->ledger(45).lost == 1);
  CHECK(again->ledger(45).queued() == 40 - 4 - 11);
}

TEST_CASE("a record that is cut or does not balance is refused") {
  CursorState state(1);
  state.settle(1, 4, {4, 0, 0, 0});
  state.settle(8, 9, {2, 0, 0, 0});
  const std::string good = state.encode();
  for (std::size_t size = 0; size < good.size(); ++size) CHECK_FALSE(CursorState::decode(good.substr(0, size)));
  std::string bad = good;
  bad[12] = static_cast<char>(bad[12] + 1);  // the frontier
  CHECK_FALSE(CursorState::decode(bad));
}

TEST_CASE("what is let go takes no memory, and what is given back comes again, in parts") {
  CursorState state(1);
  state.limits.max_bytes = 1'000;
  state.hand_over(1, 20, 20, 500);
  CHECK_FALSE(state.has_room(400));
  state.let_go(7);
  CHECK(state.on_the_way_bytes() == 0);
  CHECK(state.has_room(400));
  state.hand_over(21, 30, 10, 600);
  state.let_go(21);
  CHECK_FALSE(state.has_room(400));  // it cannot be given up any more, and there is as much of it as the log may hold
  state.settle(21, 30, {10, 0, 0, 0});
  CHECK(state.has_room(400));

  CHECK_FALSE(state.again());
  state.give_back(5, 9);
  state.give_back(12, 12);
  state.give_back(10, 11);
  REQUIRE(state.again());
  CHECK(*state.again() == Range{5, 12});
  state.hand_over_again({5, 10}, 40);
  CHECK(*state.again() == Range{11, 12});
  CHECK(state.on_the_way_bytes() == 40);
  state.let_go(5);
  CHECK(state.on_the_way_bytes() == 0);
  // Once more, inside of what came again, from the same event on.
  state.give_back(5, 6);
  state.hand_over_again({5, 6}, 30);
  state.hand_over_again({11, 12}, 20);
  CHECK_FALSE(state.again());
  CHECK(state.on_the_way_bytes() == 50);
  state.settle(7, 10, {4, 0, 0, 0});
  state.settle(5, 6, {2, 0, 0, 0});
  state.settle(11, 12, {2, 0, 0, 0});
  CHECK(state.on_the_way_bytes() == 0);
  state.settle(1, 4, {4, 0, 0, 0});
  state.settle(13, 20, {8, 0, 0, 0});
  CHECK(state.frontier() == 31);
  CHECK(state.ledger(31).queued() == 0);
  state.limits.max_bytes = 1;  // nothing is left of what was let go
  CHECK(state.has_room(1));
}

TEST_CASE("of what would come again, a part may be lost") {
  CursorState state(1);
  state.hand_over(1, 20, 20, 500);
  state.let_go(1);
  state.give_back(5, 15);
  uint64_t lost = 0;
  state.take_out_again(8, 10, [&](Range part) { lost += part.size(); });
  CHECK(lost == 3);
  CHECK(state.is_settled(9));
  CHECK(*state.again() == Range{5, 7});
  state.hand_over_again({5, 7}, 1);
  CHECK(*state.again() == Range{11, 15});
}
