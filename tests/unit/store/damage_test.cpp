#include <doctest/doctest.h>

#include <sys/wait.h>
#include <unistd.h>

#include <cstring>
#include <fstream>
#include <random>
#include <sstream>

#include "store/inspect.hpp"
#include "store_bench.hpp"

using namespace csiem;
using namespace csiem::store;
using namespace csiem::test;

// delivery.md 10.5: whatever happens to the file, the process goes on or says why not, and no event is altered.

namespace {

constexpr int kEvents = 400;
constexpr std::size_t kPage = 4096;

std::string read_all(const std::string& path) {
  std::stringstream bytes;
  bytes << std::ifstream(path, std::ios::binary).rdbuf();
  return bytes.str();
}
void write_all(const std::string& path, const std::string& bytes) { std::ofstream(path, std::ios::binary) << bytes; }

Options small_options(const std::string& directory) {
  Options options = options_for(directory);
  options.max_bytes = 16 << 20;
  return options;
}

// The data file of a store with 400 events that "out" has not settled, in blocks on leaf pages and on pages of their
// own.
std::string make_store() {
  const TemporaryDirectory dir;
  {
    const auto store = *store::open_store(small_options(dir.path()));
    CursorOptions options{.exporter_id = "out"};
    options.window_bytes = 1;
    FakeLane lane(*store, options);
    Numbers made;
    for (int i = 0; i < 20; ++i) {
      REQUIRE(store->append(made.batch(20, i % 5, i % 2 == 0 ? 10 : 700), "audit", std::to_string(i)));
      REQUIRE(store->flush());
    }
  }
  return read_all(dir / "store/data.mdb");
}

// How it went with a damaged file.
struct Outcome {
  bool crashed = false, altered = false, unbalanced = false;
  int refused = 0;  // message code
  int delivered = 0, lost = 0;
};

// In a process of its own. Everything is delivered, looked at and checked.
Outcome open_damaged(const std::string& bytes) {
  const TemporaryDirectory dir;
  std::filesystem::create_directories(dir / "store");
  write_all(dir / "store/data.mdb", bytes);
  int pipe[2];
  REQUIRE(::pipe(pipe) == 0);
  const pid_t child = ::fork();
  if (child == 0) {
    ::alarm(20);
    Outcome out;
    if (const auto inspector = Inspector::open(dir.path(), Inspector::Access::read)) {
      static_cast<void>(inspector->check([](uint64_t, uint64_t) {}));
      static_cast<void>(inspector->cursors());
    }
    const auto opened = store::open_store(small_options(dir.path()));
    if (!opened) {
      out.refused = opened.error().message_code() == 0 ? -1 : opened.error().message_code();
    } else {
      FakeLane lane(**opened, {.exporter_id = "out", .start = CursorOptions::Start::oldest}, true);
      for (int i = 0; i < 400 && lane.cursor().ledger().queued() != 0; ++i) ::usleep(2'000);
      const Ledger ledger = lane.cursor().ledger();
      out.unbalanced = ledger.queued() != 0;
      out.lost = static_cast<int>(ledger.lost);
      auto arrived = lane.arrived();
      out.delivered = static_cast<int>(arrived.size());
      for (const int number : arrived) out.altered = out.altered || number < 1 || number > kEvents;
      static_cast<void>((*opened)->flush());
    }
    ::_exit(::write(pipe[1], &out, sizeof out) == sizeof out ? 0 : 1);
  }
  ::close(pipe[1]);
  Outcome out;
  const bool told = ::read(pipe[0], &out, sizeof out) == sizeof out;
  ::close(pipe[0]);
  int status = 0;
  ::waitpid(child, &status, 0);
  out.crashed = !told || WIFSIGNALED(status);
  if (out.crashed) MESSAGE("ended with " << status);
  return out;
}

void check(const Outcome& outcome) {
  CHECK_FALSE(outcome.crashed);
  CHECK_FALSE(outcome.altered);
  CHECK_FALSE(outcome.unbalanced);
  CHECK(outcome.refused >= 0);  // with a code
  if (outcome.refused == 0) CHECK(outcome.delivered + outcome.lost == kEvents);
}

}  // namespace

TEST_CASE("damage in the events of a block loses that block alone, counted") {
  const std::string good = make_store();
  REQUIRE(good.find("7:1:xxx") != std::string::npos);
  std::mt19937 random(3);
  int lost = 0;
  for (int round = 0; round < 40; ++round) {
    CAPTURE(round);
    std::string bad = good;
    const std::size_t at = good.find(":xxxxxxxx", random() % (good.size() / 2));
    REQUIRE(at != std::string::npos);
    if (round % 2 == 0)
      bad[at + 3] = static_cast<char>(bad[at + 3] ^ (1 << random() % 7));
    else
      std::memset(bad.data() + at, 0, 7);
    const Outcome outcome = open_damaged(bad);
    check(outcome);
    CHECK(outcome.refused == 0);
    CHECK(outcome.lost % 20 == 0);
    CHECK(outcome.lost <= 20);  // 0: the bytes were of a page that is not used any more
    lost += outcome.lost;
  }
  CHECK(lost > 0);
}

TEST_CASE("any damage to any page: no crash, no altered event, an exact count or a message with a code") {
  const std::string good = make_store();
  std::mt19937 random(5);
  int refused = 0, delivered = 0;
  for (int round = 0; round < 150; ++round) {
    CAPTURE(round);
    std::string bad = good;
    const std::size_t page = random() % (bad.size() / kPage) * kPage;
    switch (random() % 5) {
      case 0:  // the heads of pages and of their entries
        for (int i = 0; i < 3; ++i) bad[page + random() % 64] ^= static_cast<char>(1 << random() % 8);
        break;
      case 1:  // anywhere in the page
        for (int i = 0; i < 8; ++i) bad[page + random() % kPage] ^= static_cast<char>(1 << random() % 8);
        break;
      case 2:
        std::memset(bad.data() + page, 0, kPage);
        break;
      case 3:  // another page in its place
        bad.replace(page, kPage, good, random() % (good.size() / kPage) * kPage, kPage);
        break;
      default:
        for (std::size_t i = 0; i < 512; ++i) bad[page + i] = static_cast<char>(random());
    }
    const Outcome outcome = open_damaged(bad);
    // The record of a cursor has sums, but no checksum: what it counts may differ when it is replaced as a whole.
    CHECK_FALSE(outcome.crashed);
    CHECK_FALSE(outcome.altered);
    CHECK(outcome.refused >= 0);
    refused += outcome.refused != 0;
    delivered += outcome.refused == 0 && outcome.delivered + outcome.lost == kEvents;
  }
  CHECK(refused > 0);
  CHECK(delivered > 0);
  MESSAGE(refused << " refused, " << delivered << " delivered or counted to the last event");
}

TEST_CASE("a file that was cut, at any length") {
  const std::string good = make_store();
  for (std::size_t size = 0; size < good.size(); size += 4096 * 2 + 1777) {
    CAPTURE(size);
    check(open_damaged(good.substr(0, size)));
  }
}

TEST_CASE("a file that is something else is refused") {
  std::mt19937 random(9);
  for (const std::size_t size : std::vector<std::size_t>{0, 1, 100, 4096, 8192, 100'000}) {
    CAPTURE(size);
    std::string bytes(size, '\0');
    for (char& byte : bytes) byte = static_cast<char>(random());
    CHECK(open_damaged(bytes).refused == 5009);
    CHECK(open_damaged(std::string(size, '\0')).refused == 5009);
  }
}

TEST_CASE("an older copy in place of the store is what was then") {
  const TemporaryDirectory dir;
  std::string old;
  Numbers made;
  {
    const auto store = *store::open_store(small_options(dir.path()));
    FakeLane lane(*store, "out");
    REQUIRE(store->append(made.batch(10), "audit", "10"));
    REQUIRE(store->flush());
    old = read_all(dir / "store/data.mdb");
    REQUIRE(store->append(made.batch(10), "audit", "20"));
    REQUIRE(store->flush());
  }
  write_all(dir / "store/data.mdb", old);
  const auto store = *store::open_store(small_options(dir.path()));
  CHECK(store->checkpoint("audit") == "10");  // so the source brings the others again
  FakeLane lane(*store, "out", true);
  CHECK(soon([&] { return lane.cursor().ledger().queued() == 0; }));
  CHECK(lane.arrived() == numbers(1, 10));
}

TEST_CASE("without LMDB's lock file it starts as ever") {
  const TemporaryDirectory dir;
  {
    const auto store = open_store(dir.path());
    FakeLane lane(*store, "out");
    Numbers made;
    REQUIRE(store->append(made.batch(10), "audit", "10"));
    REQUIRE(store->flush());
  }
  std::filesystem::remove(dir / "store/lock.mdb");
  std::filesystem::remove(dir / "lock");
  const auto store = open_store(dir.path());
  FakeLane lane(*store, "out", true);
  REQUIRE(lane.has(10));
}

TEST_CASE("a damaged place in the log costs duplicates, never events") {
  const TemporaryDirectory dir;
  {
    const auto store = open_store(dir.path());
    FakeLane keeper(*store, "keeper");
    FakeLane lane(*store, "out");
    Numbers made;
    for (int i = 0; i < 3; ++i) REQUIRE(store->append(made.batch(10), "audit", "10"));
    REQUIRE(lane.has(30));
    lane.settle_first();
    REQUIRE(store->flush());
  }
  {
    auto database = *Database::open({.directory = dir / "store"});
    auto txn = *database.write();
    REQUIRE(database.put_cursor(txn, "out", "no record"));
    REQUIRE(txn.commit());
  }
  const auto store = open_store(dir.path());
  FakeLane lane(*store, "out", true);
  REQUIRE(lane.has(30));
  CHECK(lane.arrived() == numbers(1, 30));
  CHECK(soon([&] { return lane.cursor().ledger().delivered == 30; }));
}
