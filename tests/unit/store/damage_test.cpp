#include <doctest/doctest.h>

#include <sys/wait.h>
#include <unistd.h>

#include <cstring>
#include <fstream>
#include <random>
#include <sstream>

#include "store/inspect.hpp"
#include "store/kept_lines.hpp"
#include "store/sealed.hpp"
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

DeadLetter letter(Sequence sequence) {
  DeadLetter out;
  out.sequence = sequence;
  out.error_class = "rejected";
  out.attempts = 3;
  out.last_attempt_unix_ns = system_clock().unix_ns() / 86'400'000'000'000 * 86'400'000'000'000;  // of this day
  out.event_json = "{\"n\":" + std::to_string(sequence) + ",\"text\":\"" + std::string(50 * sequence, 'y') + "\"}";
  return out;
}

// Whether it is one that make_store() kept, to the last byte.
bool is_intact(const KeptLetter& kept) {
  return kept.json + "\n" == dead_letter_line(kept.exporter, letter(kept.sequence)) && kept.error_class == "rejected";
}

// Changes one bit of a record, as a disk might. `bit` counts from the end when negative.
void flip(const std::string& directory, const char* table, std::string_view key, int bit) {
  auto database = *Database::open({.directory = directory + "/store"});
  auto txn = *database.write();
  const MDB_dbi db = *txn.open(table, 0);
  std::string value(txn.get(db, key)->value);
  REQUIRE_FALSE(value.empty());
  const auto bits = static_cast<int>(value.size() * 8);
  const auto at = static_cast<std::size_t>((bit + bits) % bits);
  value[at / 8] = static_cast<char>(value[at / 8] ^ (1 << at % 8));
  REQUIRE(txn.put(db, key, value));
  REQUIRE(txn.commit());
}

std::string letter_key(const std::string& exporter, char sequence) {
  return exporter + std::string(8, '\0') + sequence;
}

// Whether `queue check` has nothing to say; what it says otherwise.
std::string complaints(const std::string& directory) {
  const TemporaryDirectory copy;
  std::filesystem::copy(directory + "/store", copy / "store");
  const auto inspector = *Inspector::open(copy.path(), Inspector::Access::read);
  const auto report = *inspector.check([](uint64_t, uint64_t) {});
  std::string out;
  for (const auto& note : report.notes) out += note + "\n";
  CHECK(out.empty() == report.clean());
  return out;
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
      store->keep_letter("gone", letter(static_cast<Sequence>(i) + 1));
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
Outcome open_damaged(const std::string& bytes, int events = kEvents) {
  const TemporaryDirectory dir;
  std::filesystem::create_directories(dir / "store");
  write_all(dir / "store/data.mdb", bytes);
  int pipe[2];
  REQUIRE(::pipe(pipe) == 0);
  const pid_t child = ::fork();
  if (child == 0) {
    ::alarm(60);
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
      for (int i = 0; i < 10'000 && lane.cursor().ledger().queued() != 0; ++i) ::usleep(2'000);
      const Ledger ledger = lane.cursor().ledger();
      out.unbalanced = ledger.queued() != 0;
      out.lost = static_cast<int>(ledger.lost);
      auto arrived = lane.arrived();
      out.delivered = static_cast<int>(arrived.size());
      for (const int number : arrived) out.altered = out.altered || number < 1 || number > events;
      const auto letters = (*opened)->letters({}, {}, 0, 100);
      if (letters)
        for (const KeptLetter& kept : *letters) out.altered = out.altered || !is_intact(kept);
      const std::string place = (*opened)->checkpoint("audit");
      out.altered = out.altered || (!place.empty() && (place.size() > 2 || std::atoi(place.c_str()) >= 20 ||
                                                       std::to_string(std::atoi(place.c_str())) != place));
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

void check(const Outcome& outcome, int events = kEvents) {
  CHECK_FALSE(outcome.crashed);
  CHECK_FALSE(outcome.altered);
  CHECK_FALSE(outcome.unbalanced);
  CHECK(outcome.refused >= 0);  // with a code
  if (outcome.refused == 0) CHECK(outcome.delivered + outcome.lost == events);
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
    // An older copy of a page is whole, so the end of the log may be an older one.
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

namespace {

// A store whose log has more pages than are checked at its start: two events lie on each.
constexpr int kManyEvents = 4000;

// One look at such a store takes seconds where every access to memory is checked.
#if defined(__SANITIZE_ADDRESS__)
#define CSIEM_SLOW_MEMORY 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define CSIEM_SLOW_MEMORY 1
#endif
#endif
#ifdef CSIEM_SLOW_MEMORY
constexpr int kRounds = 3;
#else
constexpr int kRounds = 20;
#endif

std::string make_large_store() {
  const TemporaryDirectory dir;
  {
    Options options = small_options(dir.path());
    options.durability = Durability::none;
    options.max_bytes = 64 << 20;
    const auto store = *store::open_store(options);
    CursorOptions cursor{.exporter_id = "out"};
    cursor.window_bytes = 1;
    FakeLane lane(*store, cursor);
    Numbers made;
    for (int i = 0; i < kManyEvents; ++i) REQUIRE(store->append(made.batch(1, 0, 1500), "audit", "1"));
    REQUIRE(store->flush());
  }
  return read_all(dir / "store/data.mdb");
}

// The page on which this event lies.
std::size_t page_of(const std::string& bytes, int number) {
  const std::size_t at = bytes.rfind(std::to_string(number) + ":0:xxx");
  REQUIRE(at != std::string::npos);
  return at / kPage * kPage;
}

}  // namespace

TEST_CASE("damage behind the pages that are checked at the start costs what lies on them") {
  const std::string good = make_large_store();
  const Outcome whole = open_damaged(good, kManyEvents);
  check(whole, kManyEvents);
  CHECK(whole.lost == 0);
  int lost = 0;
  for (const int number : {2500, 2501, 3000, 3900}) {
    CAPTURE(number);
    std::string bad = good;
    std::memset(bad.data() + page_of(good, number), 0x5a, kPage);
    const Outcome outcome = open_damaged(bad, kManyEvents);
    check(outcome, kManyEvents);
    CHECK(outcome.refused == 0);
    CHECK(outcome.lost <= 3);  // 0: it was a page that is not used any more
    lost += outcome.lost;
  }
  CHECK(lost >= 3);
  // Two in a row.
  std::string bad = good;
  std::memset(bad.data() + page_of(good, 2600), 0, kPage);
  std::memset(bad.data() + page_of(good, 2602), 0, kPage);
  const Outcome outcome = open_damaged(bad, kManyEvents);
  check(outcome, kManyEvents);
  CHECK(outcome.lost >= 2);
  CHECK(outcome.lost <= 6);
}

TEST_CASE("any damage behind the pages that are checked at the start: no crash, no altered event, an exact count") {
  const std::string good = make_large_store();
  std::mt19937 random(11);
  int refused = 0, lost = 0;
  for (int round = 0; round < kRounds; ++round) {
    CAPTURE(round);
    std::string bad = good;
    const std::size_t pages = bad.size() / kPage;
    const std::size_t page = (pages / 2 + random() % (pages / 2)) * kPage;
    switch (random() % 4) {
      case 0:  // the heads of pages and of their entries
        for (int i = 0; i < 3; ++i) bad[page + random() % 32] ^= static_cast<char>(1 << random() % 8);
        break;
      case 1:
        std::memset(bad.data() + page, 0, kPage);
        break;
      case 2:  // another page in its place
        bad.replace(page, kPage, good, random() % pages * kPage, kPage);
        break;
      default:
        for (std::size_t i = 0; i < 512; ++i) bad[page + i] = static_cast<char>(random());
    }
    const Outcome outcome = open_damaged(bad, kManyEvents);
    check(outcome, kManyEvents);
    refused += outcome.refused != 0;
    lost += outcome.lost > 0;
  }
  if (kRounds > 10) CHECK(lost > 0);
  MESSAGE(refused << " refused, " << lost << " with a loss");
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

TEST_CASE("a record is what was written at its place, or nothing") {
  const std::string good = seal("cursors", "out", "value");
  CHECK(unseal("cursors", "out", good) == "value");
  CHECK(sealed_value(good) == "value");
  for (std::size_t bit = 0; bit < good.size() * 8; ++bit) {
    std::string bad = good;
    bad[bit / 8] = static_cast<char>(bad[bit / 8] ^ (1 << bit % 8));
    CHECK_FALSE(unseal("cursors", "out", bad));
  }
  for (std::size_t size = 0; size < good.size(); ++size) CHECK_FALSE(unseal("cursors", "out", good.substr(0, size)));
  CHECK_FALSE(unseal("cursors", "other", good));
  CHECK_FALSE(unseal("checkpoints", "out", good));
}

TEST_CASE("a damaged place in the log costs duplicates, never events") {
  // The checksum; what is counted; where it stands; the limits; the number of ranges.
  for (const int bit : {3, 32 * 2 + 1, 32 * 3, 32 * 5, -9, -70}) {
    CAPTURE(bit);
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
    CHECK(complaints(dir.path()).empty());
    flip(dir.path(), "cursors", "out", bit);
    CHECK(complaints(dir.path()).find("the place of exporter out is damaged") != std::string::npos);
    const auto store = open_store(dir.path());
    {
      // The name of the damaged one may be wrong: who is new may be the one.
      FakeLane unknown(*store, "unknown", true);
      REQUIRE(unknown.has(30));
    }
    FakeLane lane(*store, "out", true);
    REQUIRE(lane.has(30));
    CHECK(lane.arrived() == numbers(1, 30));
    CHECK(soon([&] { return lane.cursor().ledger().delivered == 30; }));
    REQUIRE(store->flush());
    CHECK(complaints(dir.path()).empty());
    FakeLane late(*store, "late");
    CHECK(late.cursor().ledger().accepted == 0);
  }
}

TEST_CASE("a damaged checkpoint: the source goes on behind its newest event in the log, or is told that it was lost") {
  for (const bool with_events : {true, false}) {
    CAPTURE(with_events);
    const TemporaryDirectory dir;
    {
      const auto store = open_store(dir.path());
      FakeLane keeper(*store, "keeper");
      Numbers made;
      if (with_events) {
        REQUIRE(store->append(made.batch(5), "audit", "10"));
        REQUIRE(store->append(made.batch(5), "audit", "20"));
        REQUIRE(store->append(made.batch(5), "other", "7"));
      }
      REQUIRE(store->append(nullptr, "audit", "30"));
      REQUIRE(store->flush());
      CHECK_FALSE(store->checkpoint_lost("new"));
    }
    flip(dir.path(), "checkpoints", "audit", -2);
    CHECK(complaints(dir.path()) == "the checkpoint of source audit is damaged\n");
    const auto store = open_store(dir.path());
    CHECK(store->checkpoint("audit") == (with_events ? "20" : ""));
    CHECK(store->checkpoint_lost("audit") != with_events);
    CHECK(store->checkpoint("other") == (with_events ? "7" : ""));
    if (!with_events) REQUIRE(store->append(nullptr, "audit", "0"));
    REQUIRE(store->flush());
    CHECK(complaints(dir.path()).empty());
  }
}

TEST_CASE("damaged ids suppress nothing, a damaged record of the quarantine says nothing") {
  const TemporaryDirectory dir;
  {
    const auto store = open_store(dir.path());
    FakeLane keeper(*store, "keeper");
    Numbers made;
    for (int i = 0; i < 3; ++i) {
      REQUIRE(store->append(made.batch(10), "audit", "10"));
      store->quarantine({"audit", 0, static_cast<uint64_t>(i) + 1, "not_json", "", "{bad"});
      REQUIRE(store->flush());
    }
  }
  const auto remembered = [&] {
    const auto store = open_store(dir.path());
    int ids = 0;
    REQUIRE(store->recent_ids([&](const event::UuidBits&, int64_t) { ++ids; }));
    return ids;
  };
  const auto lines = [&] {
    const auto inspector = *Inspector::open(dir.path(), Inspector::Access::read);
    int count = 0;
    REQUIRE(inspector.walk_quarantine([&](std::string_view line) { return count += line.ends_with("}\n"), true; }));
    return count;
  };
  CHECK(complaints(dir.path()).empty());
  CHECK(remembered() == 30);
  CHECK(lines() == 3);
  flip(dir.path(), "recent", lmdb::NumberKey(11), 32 * 4 + 3);
  flip(dir.path(), "quarantine", lmdb::NumberKey(2), -100);
  const std::string said = complaints(dir.path());
  CHECK(said.find("1 list of the ids of the last hour cannot be read") != std::string::npos);
  CHECK(said.find("1 record of the quarantine cannot be read") != std::string::npos);
  CHECK(remembered() == 20);
  CHECK(lines() == 2);
  auto inspector = *Inspector::open(dir.path(), Inspector::Access::change);
  REQUIRE(inspector.repair());
  CHECK(inspector.check([](uint64_t, uint64_t) {})->clean());
}

TEST_CASE("a damaged dead letter is never shown or counted: it goes to the quarantine") {
  const TemporaryDirectory dir;
  {
    const auto store = open_store(dir.path());
    for (Sequence sequence = 1; sequence <= 3; ++sequence) store->keep_letter("out", letter(sequence));
    REQUIRE(store->flush());
  }
  CHECK(complaints(dir.path()).empty());
  flip(dir.path(), "dead", letter_key("out", 2), -50);
  flip(dir.path(), "dead", letter_key("out", 0), 40);
  const std::string said = complaints(dir.path());
  CHECK(said.find("the dead letter out/2 is damaged\n") != std::string::npos);
  CHECK(said.find("the count of the dead letters of out is damaged\n") != std::string::npos);

  const TemporaryDirectory copy;
  std::filesystem::copy(dir / "store", copy / "store");
  {
    auto inspector = *Inspector::open(copy.path(), Inspector::Access::change);
    const auto repaired = inspector.repair();
    REQUIRE(repaired);
    CHECK(repaired->letters == 1);
    CHECK(repaired->blocks.empty());
    CHECK(inspector.check([](uint64_t, uint64_t) {})->clean());
  }

  const auto store = open_store(dir.path());
  FakeLane lane(*store, "out");
  const auto letters = store->letters({}, {}, 0, 10);
  REQUIRE(letters);
  REQUIRE(letters->size() == 2);
  CHECK((is_intact((*letters)[0]) && is_intact((*letters)[1])));
  CHECK(soon([&] { return store->figures().letters_damaged == 1; }));
  REQUIRE(store->flush());
  CHECK(complaints(dir.path()).empty());
  const Figures figures = store->figures();
  CHECK(figures.quarantined == 1);
  REQUIRE(figures.exporters.size() == 1);
  CHECK(figures.exporters[0].letters == 2);
}
