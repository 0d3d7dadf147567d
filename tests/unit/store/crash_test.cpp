#include <doctest/doctest.h>

#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <utility>

#include "store/dead_letters.hpp"
#include "store_bench.hpp"

using namespace csiem;
using namespace csiem::store;
using namespace csiem::test;

TEST_CASE("kill -9 at any moment: no checkpoint without its events, no settled event without its dead letter") {
  for (int round = 0; round < 12; ++round) {
    const TemporaryDirectory dir;
    int durable[2];
    REQUIRE(::pipe(durable) == 0);
    const pid_t child = ::fork();
    REQUIRE(child >= 0);
    if (child == 0) {
      const auto store = open_store(dir.path());
      FakeLane keeper(*store, "keeper");
      FakeLane lane(*store, "out");
      store->on_publish([&, told = false](const event::BatchRef&) mutable {
        if (!std::exchange(told, true) && ::write(durable[1], "x", 1) != 1) ::_exit(1);
      });
      Numbers made;
      Sequence dead = 0;
      for (int i = 1;; ++i) {
        store->quarantine({.source = "a", .offset = 0, .line = 0, .reason = "bad_json", .detail = {}, .bytes = "x"});
        if (!store->append(made.batch(3), "audit", std::to_string(i))) ::_exit(1);
        while (dead + 3 <= lane.arrived().size()) {
          DeadLetter letter;
          letter.sequence = ++dead;
          letter.event_json = "{}";
          lane.cursor().dead_letter(letter);
          lane.cursor().settle(dead, dead, {0, 0, 1, 0});
        }
        if (i % 16 == 0) ::usleep(50);
      }
    }
    // Not by the clock alone: on a busy machine nothing would be durable yet, and nothing could be looked at.
    char byte = 0;
    ::close(durable[1]);
    REQUIRE(::read(durable[0], &byte, 1) == 1);
    ::close(durable[0]);
    ::usleep(static_cast<useconds_t>(round * 7'300));
    ::kill(child, SIGKILL);
    int status = 0;
    REQUIRE(::waitpid(child, &status, 0) == child);
    REQUIRE(WIFSIGNALED(status));

    const auto store = open_store(dir.path());
    const std::string checkpoint = store->checkpoint("audit");
    const int reached = checkpoint.empty() ? 0 : std::stoi(checkpoint);
    CAPTURE(reached);
    FakeLane keeper(*store, {.exporter_id = "keeper", .start = CursorOptions::Start::oldest}, true);
    CHECK(soon([&] { return keeper.cursor().ledger().queued() == 0; }));
    const auto arrived = keeper.arrived();
    REQUIRE_FALSE(arrived.empty());
    CAPTURE(arrived.front());
    CAPTURE(arrived.back());
    CAPTURE(arrived.size());
    CHECK(arrived == numbers(1, reached * 3));
    FakeLane lane(*store, "out", true);
    CHECK(soon([&] { return lane.cursor().ledger().queued() == 0; }));
    const Ledger ledger = lane.cursor().ledger();
    CHECK(ledger.accepted == ledger.delivered + ledger.dead_lettered);
    TemporaryDirectory copy;
    std::filesystem::copy(dir / "store", copy / "store");
    const auto database = *Database::open({.directory = copy / "store"});
    auto txn = *database.read();
    CHECK(letter_totals(txn, database, "out")->count == ledger.dead_lettered);
  }
}
