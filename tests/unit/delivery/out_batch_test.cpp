#include "delivery/out_batch.hpp"

#include <doctest/doctest.h>

#include <array>
#include <string>
#include <vector>

#include "delivery/settlement.hpp"
#include "memory_cursor.hpp"

using namespace csiem;
using namespace csiem::delivery;
using csiem::test::MemoryCursor;

namespace {

// `counts[i]` events of source i, bodies "s<i>e<j>".
struct Rendered {
  std::vector<SourceBatch> sources;
  std::vector<csiem_event> events;
  std::vector<std::string> ids;
  OutBatch batch;

  explicit Rendered(const std::vector<uint32_t>& counts) : sources(counts.size()), events(64), ids(64) {
    batch.begin(1, 0, true);
    std::size_t n = 0;
    for (std::size_t s = 0; s < counts.size(); ++s)
      for (uint32_t e = 0; e < counts[s]; ++e, ++n) {
        ids[n] = "s" + std::to_string(s) + "e" + std::to_string(e);
        events[n].event_id = {ids[n].data(), ids[n].size()};
        batch.append_bytes(ids[n]);
        batch.append(&sources[s], &events[n], ids[n].size(), 5);
      }
    batch.seal();
  }
};

std::string bodies_of(const Parcel& parcel) {
  std::string all;
  for (const csiem_str& body : parcel.bodies()) all += std::string(body.ptr, body.len) + ' ';
  return all;
}

}  // namespace

TEST_CASE("a sealed batch slices its bytes per event and knows each event's source") {
  Rendered r({2, 3, 1});
  const auto whole = whole_parcel(r.batch);
  CHECK(bodies_of(*whole) == "s0e0 s0e1 s1e0 s1e1 s1e2 s2e0 ");
  CHECK(r.batch.runs().size() == 3);
  CHECK(r.batch.run_of(0).source == &r.sources[0]);
  CHECK(r.batch.run_of(2).source == &r.sources[1]);
  CHECK(r.batch.run_of(4).source == &r.sources[1]);
  CHECK(r.batch.run_of(5).source == &r.sources[2]);
}

TEST_CASE("a subset of a subset keeps events, bodies and positions together") {
  Rendered r({2, 3, 1});
  const auto whole = whole_parcel(r.batch);
  const std::array<uint32_t, 4> odd{0, 2, 3, 5};
  const auto some = sub_parcel(*whole, odd);
  CHECK(bodies_of(*some) == "s0e0 s1e0 s1e1 s2e0 ");
  const std::array<uint32_t, 2> last{2, 3};
  const auto fewer = sub_parcel(*some, last);
  CHECK(bodies_of(*fewer) == "s1e1 s2e0 ");
  CHECK(fewer->at(1) == 5);
  CHECK(fewer->events()[1] == r.batch.events()[5]);
  const std::array<uint32_t, 2> range{1, 2};
  const auto contiguous = sub_parcel(*some, range);
  CHECK(contiguous->index.empty());  // a range needs no arrays
  CHECK(bodies_of(*contiguous) == "s1e0 s1e1 ");
  CHECK(contiguous->bytes() == 8);
}

TEST_CASE("the idempotency key depends on the events alone") {
  Rendered r({3}), again({3}), other({4});
  Sha256 hasher;
  const std::string key = idempotency_key(*whole_parcel(r.batch), hasher);
  CHECK(key.size() == 64);
  CHECK(idempotency_key(*whole_parcel(again.batch), hasher) == key);
  CHECK(idempotency_key(*whole_parcel(other.batch), hasher) != key);
  const uint32_t one = 1;
  CHECK(idempotency_key(*sub_parcel(*whole_parcel(r.batch), std::span(&one, 1)), hasher) == "s0e1");
}

TEST_CASE("the queue goes oldest first, overtakers before all, and in order waits for the first") {
  std::array<OutBatch, 4> batches;
  for (uint64_t i = 0; i < 4; ++i) batches[i].begin(i + 1, 0, false);
  batches[3].overtaking = true;
  ParcelQueue queue;
  for (const std::size_t i : {2U, 0U, 3U, 1U}) queue.put(whole_parcel(batches[i]));
  std::vector<uint64_t> order;
  while (auto parcel = queue.take(0, false)) order.push_back(parcel->batch->sequence());
  CHECK(order == std::vector<uint64_t>{4, 1, 2, 3});

  auto late = whole_parcel(batches[0]);
  late->ready_at_ns = 10;
  queue.put(std::move(late));
  queue.put(whole_parcel(batches[1]));
  CHECK(queue.next_ready_ns(true) == 10);
  CHECK(queue.next_ready_ns(false) == 0);
  CHECK(queue.take(5, true) == nullptr);
  CHECK(queue.take(5, false)->batch == &batches[1]);
  CHECK(queue.take(10, true)->batch == &batches[0]);
}

TEST_CASE("a probe is the oldest single event and the others stay") {
  Rendered r({4});
  ParcelQueue queue;
  queue.put(whole_parcel(r.batch));
  const auto probe = queue.take_probe(0, 0);
  CHECK(bodies_of(*probe) == "s0e0 ");
  CHECK(bodies_of(*queue.take(0, false)) == "s0e1 s0e2 s0e3 ");
  CHECK(queue.take_probe(0, 0) == nullptr);
}

TEST_CASE("what of a source batch has ended is told in ranges, each once, with counts by fate") {
  MemoryCursor cursor;
  LaneStats stats;
  int settlements = 0;
  Settlement settlement(cursor, stats, [&] { ++settlements; });
  auto pool = event::BatchPool::create();
  event::BatchBuilder builder(pool);
  for (int i = 0; i < 5; ++i) builder.add();
  auto batch = builder.seal(0);
  batch->set_first_sequence(40);
  stats.queued_events = 5;
  stats.queued_bytes = 99;
  SourceBatch* const source = settlement.open(batch, {}, 99);
  // The filter's come first, as events are rendered before they are sent.
  settlement.end(source, store::Fate::filtered, 1, 1);
  settlement.tell();
  CHECK(cursor.settled().empty());  // waits for its neighbours
  settlement.end(source, store::Fate::dead_lettered, 2, 1);
  settlement.end(source, store::Fate::delivered, 0, 1);
  settlement.tell();
  settlement.tell();
  REQUIRE(cursor.settled().size() == 1);
  CHECK(cursor.settled()[0].first == 40);
  CHECK(cursor.settled()[0].last == 42);
  CHECK(cursor.settled()[0].counts == std::array<uint64_t, 4>{1, 1, 1, 0});
  CHECK(settlements == 0);
  CHECK(stats.queued_events == 2);
  settlement.passed(source);
  settlement.end(source, store::Fate::delivered, 3, 2);
  REQUIRE(cursor.settled().size() == 2);
  CHECK(cursor.settled()[1].first == 43);
  CHECK(cursor.settled()[1].last == 44);
  CHECK(cursor.settled()[1].counts == std::array<uint64_t, 4>{2, 0, 0, 0});
  CHECK(stats.queued_events == 0);
  CHECK(stats.queued_bytes == 0);
  CHECK(settlements == 1);

  // While the batcher has not passed it, it stays.
  batch = builder.seal(0);
  CHECK(settlement.open(batch, {}, 0) == nullptr);
  builder.add();
  batch = builder.seal(0);
  batch->set_first_sequence(45);
  stats.queued_events = 1;
  SourceBatch* const overtaken = settlement.open(batch, {}, 0);
  settlement.end(overtaken, store::Fate::delivered, 0, 1);
  CHECK(cursor.settled().size() == 2);
  CHECK(stats.queued_events == 1);
  settlement.passed(overtaken);
  CHECK(cursor.settled().size() == 3);
  CHECK(stats.queued_events == 0);
  CHECK_FALSE(cursor.broken());
}

TEST_CASE("a lane that stops has told everything that ended, and nothing of what did not") {
  MemoryCursor cursor;
  LaneStats stats;
  Settlement settlement(cursor, stats, nullptr);
  event::BatchBuilder builder(event::BatchPool::create());
  for (int i = 0; i < 400; ++i) builder.add();
  const auto batch = builder.seal(0);
  batch->set_first_sequence(1000);
  // Skipped events are not the lane's.
  SourceBatch* const source = settlement.open(batch, {{1000, 1009}}, 1);
  uint64_t ended = 0;
  for (uint32_t at = 398; at >= 10; at -= 2, ++ended) settlement.end(source, store::Fate::delivered, at, 1);
  settlement.tell();
  CHECK(cursor.settled().empty());  // too many parts
  settlement.tell_all();
  CHECK(cursor.settled().size() == ended);
  CHECK(cursor.total(store::Fate::delivered) == ended);
  settlement.tell_all();
  CHECK(cursor.settled().size() == ended);
  for (uint32_t at = 11; at < 400; at += 2) settlement.end(source, store::Fate::dropped, at, 1);
  settlement.passed(source);
  CHECK(cursor.total(store::Fate::delivered) + cursor.total(store::Fate::dropped) == 390);
  CHECK_FALSE(cursor.broken());
}

TEST_CASE("what is replayed ends where it came from, not at the cursor") {
  struct Sink final : ReplaySink {
    void settle(store::Sequence first, store::Sequence last, const std::array<uint64_t, 4>& counts) override {
      ends.push_back({first, last, counts[0], counts[2]});
    }
    void dead_letter(store::DeadLetter letter) override { letters.push_back(letter.sequence); }
    std::vector<std::array<uint64_t, 4>> ends;
    std::vector<store::Sequence> letters;
  };
  MemoryCursor cursor;
  LaneStats stats;
  Settlement settlement(cursor, stats, nullptr);
  event::BatchBuilder builder(event::BatchPool::create());
  const auto sink = std::make_shared<Sink>();
  for (store::Sequence number : {7U, 8U}) {
    builder.add();
    const auto batch = builder.seal(0);
    batch->set_first_sequence(number);
    SourceBatch* const source = settlement.open(batch, {}, 10, sink);
    settlement.passed(source);
    if (number == 8) {
      store::DeadLetter letter;
      letter.sequence = number;
      settlement.dead_letter(*source, letter);
    }
    settlement.end(source, number == 7 ? store::Fate::delivered : store::Fate::dead_lettered, 0, 1);
  }
  CHECK(cursor.settled().empty());
  CHECK(cursor.letters().empty());
  CHECK(sink->ends == std::vector<std::array<uint64_t, 4>>{{7, 7, 1, 0}, {8, 8, 0, 1}});
  CHECK(sink->letters == std::vector<store::Sequence>{8});
}
