#include <doctest/doctest.h>

#include <algorithm>
#include <random>

#include "store/held_log.hpp"
#include "store_bench.hpp"

using namespace csiem;
using namespace csiem::store;
using namespace csiem::test;

namespace {

// Every event of one cursor cut into random ranges in random order.
std::vector<std::pair<Sequence, Sequence>> shuffled_ranges(std::mt19937& random, Sequence last) {
  std::vector<std::pair<Sequence, Sequence>> out;
  for (Sequence first = 1; first <= last;) {
    const Sequence end = std::min<Sequence>(last, first + random() % 12);
    out.emplace_back(first, end);
    first = end + 1;
  }
  std::shuffle(out.begin(), out.end(), random);
  return out;
}

}  // namespace

TEST_CASE("in any order of settlement a checkpoint never passes an unsettled event") {
  std::mt19937 random(5);
  for (int round = 0; round < 100; ++round) {
    HeldLog log;
    const std::size_t cursors = 1 + random() % 3, sources = 1 + random() % 3;
    for (std::size_t i = 0; i < cursors; ++i) log.add_cursor();
    std::vector<std::weak_ptr<event::EventBatch>> batches;
    std::vector<Sequence> ends{0};                             // of each batch
    std::vector<std::pair<std::size_t, Sequence>> checkpoint;  // number -> source and the sequence it depends on
    const auto give = [&](std::size_t events) {
      const auto batch = make_batch(events);
      const std::size_t source = random() % sources;
      log.append(batch, source, std::to_string(checkpoint.size()));
      if (events > 0) {
        CHECK(batch->first_sequence() == ends.back() + 1);
        ends.push_back(batch->last_sequence());
        batches.push_back(batch);
      }
      checkpoint.emplace_back(source, ends.back());
    };
    for (int i = 0; i < 30; ++i) give(random() % 8);

    std::vector<std::vector<bool>> settled(cursors, std::vector<bool>(ends.back() + 2, false));
    std::vector<std::pair<std::size_t, std::pair<Sequence, Sequence>>> work;
    for (std::size_t c = 0; c < cursors; ++c)
      for (const auto& range : shuffled_ranges(random, ends.back())) work.emplace_back(c, range);
    std::shuffle(work.begin(), work.end(), random);

    std::vector<std::size_t> newest(sources, 0);
    const auto check_released = [&](HeldLog::Released released) {
      Sequence frontier = 1;
      while (frontier <= ends.back() &&
             std::all_of(settled.begin(), settled.end(), [&](const auto& s) { return s[frontier]; }))
        ++frontier;
      for (const auto& [source, text] : released.checkpoints) {
        const std::size_t number = std::stoul(text);
        REQUIRE(checkpoint[number].first == source);
        REQUIRE(checkpoint[number].second < frontier);
        REQUIRE(number >= newest[source]);
        newest[source] = number;
      }
      // And it is not held back longer than needed.
      for (std::size_t n = 0; n < checkpoint.size(); ++n)
        if (checkpoint[n].second < frontier) REQUIRE(newest[checkpoint[n].first] >= n);
      released = {};
      for (std::size_t b = 0; b < batches.size(); ++b) {
        bool all = true;
        for (const auto& s : settled)
          for (Sequence q = ends[b] + 1; q <= ends[b + 1]; ++q) all = all && s[q];
        REQUIRE(batches[b].expired() == all);
      }
    };
    check_released(log.release());
    for (const auto& [cursor, range] : work) {
      log.settle(cursor, range.first, range.second, delivered(range.second - range.first + 1));
      for (Sequence s = range.first; s <= range.second; ++s) settled[cursor][s] = true;
      check_released(log.release());
    }
    CHECK(log.bytes() == 0);
    CHECK(log.events() == 0);
    CHECK(log.entries() == 0);
    for (std::size_t c = 0; c < cursors; ++c) {
      CHECK(log.ledger(c).accepted == ends.back());
      CHECK(log.ledger(c).queued() == 0);
    }
  }
}

TEST_CASE("one event that does not settle costs no memory for what comes after it") {
  HeldLog log;
  log.add_cursor();
  log.append(make_batch(2), 0, "first");
  log.settle(0, 2, 2, delivered(1));
  std::size_t bytes = 0;
  for (int i = 0; i < 10'000; ++i) {
    const auto batch = make_batch(3);
    log.append(batch, static_cast<std::size_t>(i % 2), std::to_string(i));
    log.settle(0, batch->first_sequence(), batch->last_sequence(), delivered(3));
    CHECK(log.release().checkpoints.empty());
    if (i == 0) bytes = log.bytes();
  }
  CHECK(log.entries() == 2);
  CHECK(log.bytes() == bytes);
  CHECK(log.events() == 2);
  log.settle(0, 1, 1, {0, 0, 1, 0});
  const auto released = log.release();
  CHECK(log.entries() == 0);
  std::vector<std::string> newest(2);
  for (const auto& [source, text] : released.checkpoints) newest[source] = text;
  CHECK(newest == std::vector<std::string>{"9998", "9999"});
  CHECK(log.ledger(0).dead_lettered == 1);
  CHECK(log.ledger(0).delivered == 30'001);
}

TEST_CASE("settling again, or what was never appended, changes nothing") {
  HeldLog log;
  log.add_cursor();
  log.append(make_batch(3), 0, "a");
  log.settle(0, 2, 2, delivered(1));
  log.settle(0, 2, 2, delivered(1));
  log.settle(0, 4, 100, delivered(97));
  CHECK(log.ledger(0).delivered == 1);
  CHECK(log.ledger(0).queued() == 2);
  log.append(make_batch(3), 0, "b");
  CHECK(log.release().checkpoints.empty());
  log.settle(0, 1, 6, delivered(5));
  CHECK(log.release().checkpoints.size() == 2);
}

TEST_CASE("without exporters a checkpoint moves at once, with an empty checkpoint none does") {
  HeldLog log;
  log.append(make_batch(3), 0, "a");
  CHECK(log.release().checkpoints.size() == 1);
  CHECK(log.bytes() == 0);
  log.append(make_batch(0), 0, "b");
  CHECK(log.release().checkpoints.size() == 1);
  log.append(make_batch(0), 0, "");
  log.append(make_batch(1), 0, "");
  CHECK(log.release().checkpoints.empty());
}
