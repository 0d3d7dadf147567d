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
