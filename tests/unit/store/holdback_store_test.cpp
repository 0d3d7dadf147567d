#include <doctest/doctest.h>

#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <boost/json.hpp>
#include <csignal>

#include "store_bench.hpp"

using namespace csiem;
using namespace csiem::store;
using namespace csiem::test;

namespace {

DeadLetter letter(Sequence sequence, std::size_t bytes = 10) {
  DeadLetter out;
  out.event_id = "event-" + std::to_string(sequence);
  out.sequence = sequence;
  out.error_class = "rejected";
  out.code = 4020;
  out.http_status = 400;
  out.vendor_text = "no \"such\" index";
  out.attempts = 2;
  out.first_attempt_unix_ns = 1'772'500'000'000'000'000;
  out.last_attempt_unix_ns = 1'772'500'001'000'000'000;
  out.plugin_version = "1.0.0";
  out.event_json =
      "{\"event_id\":\"event-" + std::to_string(sequence) + "\",\"pad\":\"" + std::string(bytes, 'x') + "\"}";
  return out;
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

TEST_CASE("a checkpoint is durable when every exporter has settled, and survives") {
  const TemporaryDirectory dir;
  auto store = open_store(dir.path());
  auto fast = *store->open_cursor("fast");
  auto slow = *store->open_cursor("slow");
  CHECK(store->checkpoint("audit").empty());
  REQUIRE(store->append(make_batch(3), "audit", "{\"at\":1}"));
  REQUIRE(store->append(make_batch(2), "audit", "{\"at\":2}"));
  CHECK(store->unsettled_events() == 5);
  CHECK(store->unsettled_bytes() > 0);
  fast->settle(1, 5, delivered(5));
  REQUIRE(store->flush());
  CHECK(durable_checkpoint(dir.path(), "audit").empty());
  slow->settle(2, 3, delivered(2));
  slow->settle(1, 1, {0, 1, 0, 0});
  REQUIRE(store->flush());
  CHECK(durable_checkpoint(dir.path(), "audit") == "{\"at\":1}");
  slow->settle(4, 5, {0, 0, 0, 2});
  REQUIRE(store->flush());
  CHECK(durable_checkpoint(dir.path(), "audit") == "{\"at\":2}");
  CHECK(store->unsettled_bytes() == 0);
  const Ledger ledger = slow->ledger();
  CHECK(ledger.accepted == 5);
  CHECK(ledger.delivered == 2);
  CHECK(ledger.filtered == 1);
  CHECK(ledger.dropped == 2);
  CHECK(ledger.queued() == 0);

  fast.reset(), slow.reset(), store.reset();
  store = open_store(dir.path());
  CHECK(store->checkpoint("audit") == "{\"at\":2}");
  CHECK(store->checkpoint("other").empty());
  // A source that is not configured today is not forgotten.
  REQUIRE(store->append(make_batch(0), "other", "x"));
  REQUIRE(store->flush());
  CHECK(durable_checkpoint(dir.path(), "audit") == "{\"at\":2}");
  CHECK(durable_checkpoint(dir.path(), "other") == "x");
}

TEST_CASE("checkpoints become durable by themselves") {
  const TemporaryDirectory dir;
  const auto store = open_store(dir.path());
  REQUIRE(store->append(make_batch(1), "audit", "by itself"));
  for (int i = 0; i < 500 && durable_checkpoint(dir.path(), "audit").empty(); ++i) ::usleep(10'000);
  CHECK(durable_checkpoint(dir.path(), "audit") == "by itself");
}

TEST_CASE("files and directories are for their owner only") {
  const TemporaryDirectory dir;
  const auto store = open_store(dir / "data");
  auto cursor = *store->open_cursor("out");
  REQUIRE(store->append(make_batch(1), "audit", "x"));
  store->quarantine({.source = "audit", .offset = 0, .line = 1, .reason = "bad_json", .detail = "", .bytes = "{"});
  cursor->dead_letter(letter(1));
  cursor->settle(1, 1, {0, 0, 1, 0});
  REQUIRE(store->flush());
  const auto mode = [&](const std::string& path) {
    struct stat st {};
    REQUIRE(::stat(path.c_str(), &st) == 0);
    return st.st_mode & 07777;
  };
  CHECK(mode(dir / "data") == 0700);
  CHECK(mode(dir / "data/dead-letters") == 0700);
  for (const char* file : {"lock", "checkpoints.json", "quarantine.jsonl", "dead-letters/out.jsonl"})
    CHECK(mode(dir / "data" + std::string("/") + file) == 0600);
}

TEST_CASE("a second instance is refused and told who the first one is") {
  const TemporaryDirectory dir;
  auto store = open_store(dir.path());
  const auto second = open_holdback_store({.directory = dir.path(), .checkpoint_interval_ms = 1});
  REQUIRE_FALSE(second);
  CHECK(second.error().message_code() == 5003);
  CHECK(second.error().what().find("process " + std::to_string(::getpid())) != std::string::npos);
  store.reset();
  CHECK(open_holdback_store({.directory = dir.path(), .checkpoint_interval_ms = 1}));
}

TEST_CASE("a data directory that cannot be used is an error with its reason") {
  const TemporaryDirectory dir;
  std::ofstream(dir / "file") << "x";
  const auto opened = open_holdback_store({.directory = dir / "file/data", .checkpoint_interval_ms = 1});
  REQUIRE_FALSE(opened);
  CHECK(opened.error().message_code() == 5005);
  CHECK(opened.error().what().find(dir / "file") != std::string::npos);
  CHECK_FALSE(open_holdback_store({.directory = "", .checkpoint_interval_ms = 1}));
}

TEST_CASE("a damaged checkpoint file is set aside") {
  for (const char* text :
       {"", "{", "[]", "{\"format\":2,\"sources\":{}}", "{\"format\":1}", "{\"format\":1,\"sources\":{\"a\":1}}"}) {
    const TemporaryDirectory dir;
    std::ofstream(dir / "checkpoints.json") << text;
    CAPTURE(text);
    const auto store = open_store(dir.path());
    CHECK(store->checkpoint("a").empty());
    CHECK(slurp(dir / "checkpoints.json.bad") == text);
    REQUIRE(store->append(make_batch(0), "a", "new"));
    REQUIRE(store->flush());
    CHECK(durable_checkpoint(dir.path(), "a") == "new");
  }
}

TEST_CASE("cursors are opened before the first event, once, under a plain name") {
  const TemporaryDirectory dir;
  const auto store = open_store(dir.path());
  for (const char* bad : {"", ".", "..", "../x", "a/b", "a b", ".hidden", "\xff"}) CHECK_FALSE(store->open_cursor(bad));
  auto cursor = store->open_cursor("splunk-1.a_B");
  CHECK(cursor);
  CHECK_FALSE(store->open_cursor("splunk-1.a_B"));
  REQUIRE(store->append(make_batch(1), "audit", "x"));
  CHECK_FALSE(store->open_cursor("late"));
}

TEST_CASE("a dead letter holds the whole story and the event") {
  const TemporaryDirectory dir;
  const auto store = open_store(dir.path());
  auto cursor = *store->open_cursor("out");
  REQUIRE(store->append(make_batch(2), "audit", "x"));
  cursor->dead_letter(letter(1));
  DeadLetter odd = letter(2);
  odd.vendor_text = "cut \xe2\x82";
  odd.http_status = 0;
  cursor->dead_letter(odd);
  cursor->settle(1, 2, {0, 0, 2, 0});
  REQUIRE(store->flush());
  const auto lines = lines_of(dir / "dead-letters/out.jsonl");
  REQUIRE(lines.size() == 2);
  CHECK(boost::json::parse(lines[0]) == boost::json::parse(R"({"schema_version":1,"exporter":"out","event_id":"event-1",
    "sequence":1,"class":"rejected","code":4020,"http_status":400,"vendor_text":"no \"such\" index","attempts":2,
    "first_attempt":"2026-03-03T01:06:40.000000000Z","last_attempt":"2026-03-03T01:06:41.000000000Z",
    "plugin_version":"1.0.0","event":{"event_id":"event-1","pad":"xxxxxxxxxx"}})"));
  const auto second = boost::json::parse(lines[1]).as_object();
  CHECK(second.at("vendor_text") == "cut ");
  CHECK_FALSE(second.contains("http_status"));
  CHECK(durable_checkpoint(dir.path(), "audit") == "x");
}

TEST_CASE("quarantine keeps the line as text when it can and as base64 when it must") {
  struct Row {
    std::string bytes, key, value;
    bool truncated;
  };
  const std::string euros = "\xe2\x82\xac";
  std::string many;
  for (int i = 0; i < 2000; ++i) many += euros;
  const Row rows[] = {
      {"{\"a\":", "text", "{\"a\":", false},
      {"", "text", "", false},
      {std::string("a\0\x01\n", 4), "text", std::string("a\0\x01\n", 4), false},
      {"\xff\xfe", "bytes_base64", "//4=", false},
      {"\xc0\x80", "bytes_base64", "wIA=", false},      // overlong
      {"\xed\xa0\x80", "bytes_base64", "7aCA", false},  // surrogate
      {"\xf4\x90\x80\x80", "bytes_base64", "9JCAgA==", false},
      {"ok\xe2\x82", "bytes_base64", "b2vigg==", false},  // cut by the producer, not by us
      {std::string(5000, 'x'), "text", std::string(4096, 'x'), true},
      {many, "text", many.substr(0, 4095), true},  // not through the middle of a character
  };
  const TemporaryDirectory dir;
  const auto store = open_store(dir.path());
  for (const Row& row : rows)
    store->quarantine(
        {.source = "audit", .offset = 77, .line = 3, .reason = "bad_json", .detail = "why", .bytes = row.bytes});
  REQUIRE(store->flush());
  const auto lines = lines_of(dir / "quarantine.jsonl");
  REQUIRE(lines.size() == std::size(rows));
  for (std::size_t i = 0; i < lines.size(); ++i) {
    CAPTURE(lines[i]);
    const auto line = boost::json::parse(lines[i]).as_object();
    CHECK(line.at("source") == "audit");
    CHECK(line.at("offset") == 77);
    CHECK(line.at("line") == 3);
    CHECK(line.at("reason") == "bad_json");
    CHECK(line.at("detail") == "why");
    CHECK(line.at("time").as_string().size() == 30);
    CHECK(std::string(line.at(rows[i].key).as_string()) == rows[i].value);
    CHECK(line.contains("truncated") == rows[i].truncated);
  }
}

TEST_CASE("a full disk: letters and checkpoints wait in memory, nothing moves, and it heals by itself") {
  const TemporaryDirectory dir;
  const auto store = open_store(dir.path());
  auto cursor = *store->open_cursor("out");
  REQUIRE(store->append(make_batch(2), "audit", "first"));
  cursor->settle(1, 1, delivered(1));
  cursor->dead_letter(letter(1));
  REQUIRE(store->flush());
  {
    const FullDisk full(1000);
    cursor->dead_letter(letter(2, 5000));
    cursor->settle(2, 2, {0, 0, 1, 0});
    const auto flushed = store->flush();
    REQUIRE_FALSE(flushed);
    CHECK(flushed.error().what().find("dead-letters/out.jsonl") != std::string::npos);
    CHECK(lines_of(dir / "dead-letters/out.jsonl").size() == 1);  // no half line
    CHECK(durable_checkpoint(dir.path(), "audit").empty());
    cursor->dead_letter(letter(3, 10));
  }
  REQUIRE(store->flush());
  CHECK(durable_checkpoint(dir.path(), "audit") == "first");
  const auto lines = lines_of(dir / "dead-letters/out.jsonl");
  REQUIRE(lines.size() == 3);
  for (std::size_t i = 0; i < 3; ++i) CHECK(boost::json::parse(lines[i]).at("sequence") == i + 1);
}

TEST_CASE("with too many letters waiting for the disk the sources are held back") {
  const TemporaryDirectory dir;
  auto opened =
      open_holdback_store({.directory = dir.path(), .checkpoint_interval_ms = 1, .max_waiting_bytes = 64 * 1024});
  REQUIRE(opened);
  const auto store = *std::move(opened);
  auto cursor = *store->open_cursor("out");
  std::atomic<int> progress{0};
  store->on_progress([&] { ++progress; });
  const auto batch = make_batch(70);
  const std::weak_ptr<event::EventBatch> held = batch;
  REQUIRE(store->append(batch, "audit", "x"));
  {
    const FullDisk full(1000);
    for (Sequence i = 1; i <= 70; ++i) cursor->dead_letter(letter(i, 1024));
    cursor->settle(1, 70, {0, 0, 70, 0});
    CHECK_FALSE(store->flush());
    CHECK(store->unsettled_bytes() > 0);
    CHECK(store->unsettled_events() == 70);
    CHECK(progress == 0);
    CHECK(cursor->ledger().queued() == 0);
  }
  REQUIRE(store->flush());
  CHECK(store->unsettled_bytes() == 0);
  CHECK(progress == 1);
  REQUIRE(store->flush());
  CHECK(durable_checkpoint(dir.path(), "audit") == "x");
  CHECK(lines_of(dir / "dead-letters/out.jsonl").size() == 70);
}

TEST_CASE("an unfinished line that a crash left is taken back") {
  const TemporaryDirectory dir;
  std::filesystem::create_directory(dir / "dead-letters");
  std::ofstream(dir / "dead-letters/out.jsonl") << "{\"sequence\":1}\n{\"seque";
  const auto store = open_store(dir.path());
  auto cursor = *store->open_cursor("out");
  cursor->dead_letter(letter(2));
  REQUIRE(store->flush());
  const auto lines = lines_of(dir / "dead-letters/out.jsonl");
  REQUIRE(lines.size() == 2);
  CHECK(lines[0] == "{\"sequence\":1}");
  CHECK(boost::json::parse(lines[1]).at("sequence") == 2);
}

TEST_CASE("kill -9 at any moment: no checkpoint without its dead letter and its quarantined line") {
  for (int round = 0; round < 12; ++round) {
    const TemporaryDirectory dir;
    const pid_t child = ::fork();
    REQUIRE(child >= 0);
    if (child == 0) {
      // One event per batch; every event ends as a dead letter and every block has a quarantined line.
      const auto store = open_store(dir.path());
      auto cursor = *store->open_cursor("out");
      for (Sequence i = 1;; ++i) {
        store->quarantine(
            {.source = "audit", .offset = i, .line = 0, .reason = "bad_json", .detail = {}, .bytes = "x"});
        if (!store->append(make_batch(1), "audit", std::to_string(i))) ::_exit(1);
        cursor->dead_letter(letter(i));
        cursor->settle(i, i, {0, 0, 1, 0});
        if (i % 16 == 0) ::usleep(50);
      }
    }
    ::usleep(static_cast<useconds_t>(15'000 + round * 2'300));
    ::kill(child, SIGKILL);
    int status = 0;
    REQUIRE(::waitpid(child, &status, 0) == child);
    REQUIRE(WIFSIGNALED(status));
    const std::string checkpoint = open_store(dir.path())->checkpoint("audit");
    const std::size_t reached = checkpoint.empty() ? 0 : std::stoul(checkpoint);
    CAPTURE(reached);
    CHECK(lines_of(dir / "dead-letters/out.jsonl").size() >= reached);
    CHECK(lines_of(dir / "quarantine.jsonl").size() >= reached);
    std::size_t whole = 0;
    for (const auto& line : lines_of(dir / "dead-letters/out.jsonl")) {
      boost::json::error_code error;
      const auto parsed = boost::json::parse(line, error);
      if (error) break;  // only the last one may be torn
      CHECK(parsed.at("sequence") == ++whole);
    }
    CHECK(whole >= reached);
  }
}
