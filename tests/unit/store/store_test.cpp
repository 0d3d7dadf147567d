#include <doctest/doctest.h>

#include <sys/resource.h>
#include <sys/stat.h>

#include <csignal>

#include "store/dead_letters.hpp"
#include "store_bench.hpp"

using namespace csiem;
using namespace csiem::store;
using namespace csiem::test;

namespace {

DeadLetter letter(Sequence sequence) {
  DeadLetter out;
  out.event_id = "event-" + std::to_string(sequence);
  out.sequence = sequence;
  out.error_class = "rejected";
  out.vendor_text = "no \"such\" index";
  out.last_attempt_unix_ns = system_clock().unix_ns();
  out.event_json = "{}";
  return out;
}

// What another process finds: tables that are not locked by us.
Database look_into(const std::string& directory) {
  auto opened = Database::open({.directory = directory + "/store", .durability = Durability::none});
  REQUIRE(opened);
  return *std::move(opened);
}

std::size_t blocks_in(const std::string& directory) {
  const Database database = look_into(directory);
  auto txn = *database.read();
  std::size_t blocks = 0;
  REQUIRE(database.walk_log(txn, 1, [&](const Database::Block&) { return ++blocks != 0; }));
  return blocks;
}

// Files may not grow beyond `bytes` while this lives: writes fail as on a full disk.
class FullDisk {
 public:
  explicit FullDisk(rlim_t bytes) {
    ::getrlimit(RLIMIT_FSIZE, &before_);
    handler_ = std::signal(SIGXFSZ, SIG_IGN);
    const rlimit limit{bytes, before_.rlim_max};
    ::setrlimit(RLIMIT_FSIZE, &limit);
  }
  ~FullDisk() {
    ::setrlimit(RLIMIT_FSIZE, &before_);
    std::signal(SIGXFSZ, handler_);
  }

 private:
  rlimit before_{};
  void (*handler_)(int) = nullptr;
};

}  // namespace

TEST_CASE("events and their checkpoint are durable together, and only then published") {
  const TemporaryDirectory dir;
  {
    std::atomic<int> published{0};
    const auto store = open_store(dir.path());
    store->on_publish([&](const event::BatchRef& batch) { published += static_cast<int>(batch->events().size()); });
    CHECK(store->checkpoint("audit").empty());
    Numbers made;
    REQUIRE(store->append(made.batch(3), "audit", "{\"at\":1}"));
    REQUIRE(store->append(made.batch(2), "audit", "{\"at\":2}"));
    REQUIRE(store->append(nullptr, "other", "x"));
    REQUIRE(store->flush());
    CHECK(published == 5);
  }
  const auto store = open_store(dir.path());
  CHECK(store->checkpoint("audit") == "{\"at\":2}");
  CHECK(store->checkpoint("other") == "x");
  CHECK(store->checkpoint("third").empty());
  // Sequences go on.
  Numbers made;
  const auto batch = made.batch(1);
  REQUIRE(store->append(batch, "audit", {}));
  CHECK(batch->first_sequence() == 6);
}

TEST_CASE("a checkpoint becomes durable by itself") {
  const TemporaryDirectory dir;
  {
    const auto store = open_store(dir.path());
    REQUIRE(store->append(nullptr, "audit", "by itself"));
    std::this_thread::sleep_for(std::chrono::milliseconds(400));
  }
  CHECK(open_store(dir.path())->checkpoint("audit") == "by itself");
}

TEST_CASE("files and directories are for their owner only") {
  const TemporaryDirectory dir;
  const auto store = open_store(dir / "data");
  const auto mode = [&](const std::string& path) {
    struct stat st {};
    REQUIRE(::stat(path.c_str(), &st) == 0);
    return st.st_mode & 07777;
  };
  CHECK(mode(dir / "data") == 0700);
  CHECK(mode(dir / "data/store") == 0700);
  CHECK(mode(dir / "data/store/data.mdb") == 0600);
  CHECK(mode(dir / "data/store/lock.mdb") == 0600);
}

TEST_CASE("a second instance is refused with the owner's process id") {
  const TemporaryDirectory dir;
  const auto store = open_store(dir.path());
  const auto second = store::open_store(options_for(dir.path()));
  REQUIRE_FALSE(second);
  CHECK(second.error().message_code() == 5003);
  CHECK(second.error().what().find(std::to_string(::getpid())) != std::string::npos);
}

TEST_CASE("the ledger and the place of an exporter survive; what is passed by all is deleted") {
  const TemporaryDirectory dir;
  Numbers made;
  {
    const auto store = open_store(dir.path());
    FakeLane fast(*store, "fast", true);
    FakeLane slow(*store, "slow");
    REQUIRE(store->append(made.batch(3), "audit", "1"));
    REQUIRE(store->append(made.batch(4), "audit", "2"));
    REQUIRE(fast.has(7));
    REQUIRE(slow.has(7));
    slow.settle_first();
    slow.cursor().save_state("breaker open");
    REQUIRE(store->flush());
    CHECK(soon([&] { return store->unsettled_events() == 4; }));
    REQUIRE(store->flush());
  }
  CHECK(blocks_in(dir.path()) == 1);
  {
    const auto store = open_store(dir.path());
    FakeLane slow(*store, "slow", true);
    CHECK(slow.cursor().state() == "breaker open");
    REQUIRE(slow.has(4));
    CHECK(slow.arrived() == numbers(4, 7));
    CHECK(soon([&] { return slow.cursor().ledger().queued() == 0; }));
    CHECK(slow.cursor().ledger().accepted == 7);
    CHECK(slow.cursor().ledger().delivered == 7);
    REQUIRE(store->flush());
  }
  CHECK(blocks_in(dir.path()) == 0);
}

TEST_CASE("a block that nobody has settled is kept from its own group on") {
  const TemporaryDirectory dir;
  {
    const auto store = open_store(dir.path());
    FakeLane lane(*store, "out");
    Numbers made;
    REQUIRE(store->append(made.batch(5), "audit", "1"));
    REQUIRE(store->flush());
  }
  CHECK(blocks_in(dir.path()) == 1);
}

TEST_CASE("dead letters and quarantined lines are kept") {
  const TemporaryDirectory dir;
  {
    const auto store = open_store(dir.path());
    FakeLane lane(*store, "out");
    store->quarantine({.source = "audit", .offset = 9, .line = 2, .reason = "bad_json", .detail = "", .bytes = "{x"});
    Numbers made;
    REQUIRE(store->append(made.batch(3), "audit", "1"));
    REQUIRE(lane.has(3));
    for (Sequence i = 1; i <= 3; ++i) lane.cursor().dead_letter(letter(i));
    lane.cursor().settle(1, 3, {0, 0, 3, 0});
    REQUIRE(store->flush());
  }
  const Database database = look_into(dir.path());
  auto txn = *database.read();
  std::vector<std::string> ids;
  REQUIRE(walk_letters(txn, database, {.exporter = "out"}, [&](const StoredLetter& one) {
    ids.push_back(letter_id(one));
    CHECK(one.error_class == "rejected");
    CHECK(one.reason == "no \"such\" index");
    return true;
  }));
  CHECK(ids == std::vector<std::string>{"out/1", "out/2", "out/3"});
  const auto totals = letter_totals(txn, database, "out");
  REQUIRE(totals);
  CHECK(totals->count == 3);
  std::string quarantined;
  REQUIRE(database.walk_quarantine(txn, [&](std::string_view, std::string_view line) {
    quarantined += line;
    return true;
  }));
  CHECK(quarantined.find("\"text\":\"{x\"") != std::string::npos);
}

TEST_CASE("dead letters keep their limits, the oldest go first, and totals stay right") {
  const TemporaryDirectory dir;
  auto made = store::open_store(options_for(dir.path()));
  made->reset();
  Database database = look_into(dir.path());
  auto txn = *database.write();
  for (Sequence i = 1; i <= 10; ++i) REQUIRE(put_letter(txn, database, "out", letter(i)));
  REQUIRE(put_letter(txn, database, "out2", letter(1)));
  REQUIRE(put_letter(txn, database, "out", letter(10)));  // again
  const auto full = letter_totals(txn, database, "out");
  REQUIRE(full);
  CHECK(full->count == 10);
  const auto gone = trim_letters(txn, database, "out", full->bytes / 2 + 20, 0);  // the tenth is longer
  REQUIRE(gone);
  CHECK(*gone == 5);
  CHECK(*erase_letter(txn, database, "out", 7));
  CHECK_FALSE(*erase_letter(txn, database, "out", 7));
  std::string left;
  REQUIRE(walk_letters(txn, database, {}, [&](const StoredLetter& one) {
    left += letter_id(one) + " ";
    return true;
  }));
  CHECK(left == "out/6 out/8 out/9 out/10 out2/1 ");
  CHECK(letter_totals(txn, database, "out")->count == 4);
  CHECK(*trim_letters(txn, database, "out", full->bytes, system_clock().unix_ns() + 1) == 4);
  CHECK(letter_totals(txn, database, "out")->bytes == 0);
}

TEST_CASE("a full disk loses nothing: the sources wait, and it goes on when there is room") {
  const TemporaryDirectory dir;
  std::atomic<bool> progress{false};
  const auto store = open_store(dir.path());
  FakeLane lane(*store, "out", true);
  Numbers made;
  store->on_progress([&] { progress = true; });
  REQUIRE(store->append(made.batch(10), "audit", "1"));
  REQUIRE(store->flush());
  {
    const FullDisk full(4096);
    REQUIRE(store->append(made.batch(500, 0, 1000), "audit", "2"));
    CHECK_FALSE(store->flush());
    CHECK(store->health() == Health::failing);
    CHECK(store->must_wait());
    CHECK(lane.arrived().size() <= 10);  // not durable, not published
    progress = false;
  }
  REQUIRE(store->flush());
  CHECK(store->health() == Health::ok);
  CHECK_FALSE(store->must_wait());
  CHECK(progress);
  REQUIRE(lane.has(510));
  CHECK(lane.arrived() == numbers(1, 510));
}

TEST_CASE("too much that waits for the disk holds the sources") {
  const TemporaryDirectory dir;
  auto options = options_for(dir.path());
  options.max_uncommitted_bytes = 1000;
  const auto store = *store::open_store(options);
  Numbers made;
  const FullDisk full(4096);
  REQUIRE(store->append(made.batch(100), "audit", "1"));
  CHECK(store->must_wait());
}

TEST_CASE("the ids of the last events come back") {
  const TemporaryDirectory dir;
  {
    const auto store = open_store(dir.path());
    Numbers made;
    REQUIRE(store->append(made.batch(3), "audit", "1"));
    REQUIRE(store->append(made.batch(2), "audit", "2"));
    REQUIRE(store->flush());
  }
  const auto store = open_store(dir.path());
  std::vector<uint64_t> ids;
  REQUIRE(store->recent_ids([&](const event::UuidBits& id, int64_t accepted) {
    ids.push_back(id.low & 0xffff);
    CHECK(accepted > 0);
  }));
  CHECK(ids == std::vector<uint64_t>{1, 2, 3, 4, 5});
}

TEST_CASE("a store of a newer version is refused, and one of an older with what to do") {
  for (const uint32_t format : {2U, 4U}) {
    CAPTURE(format);
    const TemporaryDirectory dir;
    { const auto store = open_store(dir.path()); }
    {
      auto env = *lmdb::Environment::open({.directory = dir / "store", .map_bytes = 1 << 30});
      auto txn = *lmdb::Transaction::begin(env, lmdb::Transaction::Kind::write);
      const auto meta = *txn.open("meta", 0);
      REQUIRE(txn.put(meta, "format", {reinterpret_cast<const char*>(&format), sizeof format}));
      REQUIRE(txn.commit());
    }
    const auto opened = store::open_store(options_for(dir.path()));
    REQUIRE_FALSE(opened);
    CHECK(opened.error().message_code() == 5004);
    CHECK((opened.error().what().find("move " + dir.path() + "/store away") != std::string::npos) == (format == 2));
  }
}

TEST_CASE("a dead letter is chosen by its own event's id, not by one that its event mentions") {
  const TemporaryDirectory dir;
  const auto store = open_store(dir.path());
  DeadLetter letter;
  for (const std::string id : {"id-1", "id-2"}) {
    letter.event_id = id;
    letter.event_json = R"({"event_id":")" + id + R"(","metadata":{"event_id":"id-1"}})";
    ++letter.sequence;
    store->keep_letter("gone", letter);
  }
  REQUIRE(store->flush());
  LetterFilter filter;
  CHECK(store->letters(filter, {}, 0, 10)->size() == 2);
  filter.event_id = "id-1";
  const auto chosen = *store->letters(filter, {}, 0, 10);
  REQUIRE(chosen.size() == 1);
  CHECK(chosen[0].sequence == 1);
  store->erase_letter("gone", 1);
  REQUIRE(store->flush());
  CHECK(store->letters(filter, {}, 0, 10)->empty());
}
