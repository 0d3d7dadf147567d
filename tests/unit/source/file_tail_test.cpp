// Growing, missing and unreadable files (events.md D.2).
#include <doctest/doctest.h>

#include "tail_bench.hpp"

using namespace csiem;
using namespace csiem::test;
using source::State;

namespace fs = std::filesystem;

TEST_CASE("rule 3: appended lines come once, an unfinished one when it is finished") {
  const TemporaryDirectory dir;
  const auto path = dir / "audit.jsonl";
  append(path, "a\nb\n");
  Bench tail(path);
  tail.start();
  CHECK(tail.take() == Lines{"a", "b"});
  CHECK(tail.source->state() == State::waiting);
  append(path, "c\nhal");
  tail.notice();
  CHECK(tail.take() == Lines{"c"});
  CHECK(tail.waker.wakes > 0);
  append(path, "f\n");
  tail.notice();
  CHECK(tail.take() == Lines{"half"});
  CHECK(tail.got.numbers == std::vector<uint64_t>{1, 2, 3, 4});
  CHECK(tail.got.offsets == std::vector<uint64_t>{0, 2, 4, 6});
  tail.pass(10'000);
  CHECK(tail.take().empty());
}

TEST_CASE("rule 10: without notification the poll finds everything") {
  const TemporaryDirectory dir;
  const auto path = dir / "audit.jsonl";
  append(path, "a\n");
  Bench tail(path);
  tail.start();
  append(path, "b\n");
  tail.waker.pass(999);  // the manual waker looks at no descriptor before a timer
  collect(*tail.source, tail.got);
  CHECK(tail.take() == Lines{"a"});
  tail.waker.pass(1);
  collect(*tail.source, tail.got);
  CHECK(tail.take() == Lines{"b"});
}

TEST_CASE("rule 7: a missing file is read from its beginning when it comes") {
  const TemporaryDirectory dir;
  SUBCASE("in a directory that exists") {
    const auto path = dir / "audit.jsonl";
    Bench tail(path);
    tail.options.first_start_at_end = true;
    tail.start();
    CHECK(tail.source->state() == State::waiting);
    CHECK(tail.source->problem_code() == 4501);
    CHECK(tail.source->problem().find(path) != std::string::npos);
    append(path, "a\n");
    tail.notice();
    CHECK(tail.take() == Lines{"a"});
    CHECK(tail.source->problem().empty());
  }
  SUBCASE("in a directory that does not") {
    const auto path = dir / "x/y/audit.jsonl";
    Bench tail(path);
    tail.start();
    fs::create_directories(dir / "x");
    tail.notice();
    fs::create_directories(dir / "x/y");
    tail.notice();
    append(path, "a\n");
    tail.notice();
    CHECK(tail.take() == Lines{"a"});
    fs::remove_all(dir / "x");
    tail.notice();
    fs::create_directories(dir / "x/y");
    tail.notice();
    append(path, "b\n");
    tail.pass(7000);
    CHECK(tail.take() == Lines{"b"});
  }
  SUBCASE("even when the daemon was not there to see it come") {
    const auto path = dir / "audit.jsonl";
    Bench tail(path);
    tail.options.first_start_at_end = true;
    tail.start();
    REQUIRE_FALSE(tail.got.checkpoint.empty());
    tail.source.reset();
    append(path, "a\n");
    tail.restart();
    CHECK(tail.take() == Lines{"a"});
  }
}

TEST_CASE("where a file without a checkpoint starts") {
  const TemporaryDirectory dir;
  const auto path = dir / "audit.jsonl";
  append(path, "old\nolder\nunfini");
  Bench tail(path);
  using Start = source::FileOptions::Start;
  SUBCASE("at the end, behind the last whole line") {
    tail.options.first_start_at_end = true;
    tail.start();
    append(path, "shed\n");
    tail.notice();
    CHECK(tail.take() == Lines{"unfinished"});
    CHECK(tail.got.numbers == std::vector<uint64_t>{0});
  }
  SUBCASE("at the end, and a crash before the first line does not move that place") {
    tail.options.first_start_at_end = true;
    tail.start();
    CHECK(tail.got.blocks == 1);
    tail.source.reset();
    append(path, "shed\nnew\n");
    tail.restart();
    CHECK(tail.take() == Lines{"unfinished", "new"});
  }
  SUBCASE("at the beginning on demand, checkpoint or not") {
    tail.options.start = Start::beginning;
    tail.options.first_start_at_end = true;
    tail.start();
    CHECK(tail.take() == Lines{"old", "older"});
    tail.restart();
    CHECK(tail.take() == Lines{"old", "older"});
  }
  SUBCASE("at the end on demand") {
    tail.options.start = Start::end;
    tail.start();
    CHECK(tail.take().empty());
  }
  SUBCASE("a checkpoint that is not ours counts as none") {
    tail.start("{\"v\":99}");
    CHECK(tail.take() == Lines{"old", "older"});
  }
}

TEST_CASE("what cannot be read is a failure that heals") {
  const TemporaryDirectory dir;
  const auto path = dir / "audit.jsonl";
  Bench tail(path);
  SUBCASE("a directory") {
    fs::create_directory(path);
    tail.start();
    CHECK(tail.source->state() == State::failed);
    CHECK(tail.source->problem_code() == 4502);
    CHECK(tail.source->problem().find(path) != std::string::npos);
    CHECK(tail.source->problem().find("errno 21") != std::string::npos);
    fs::remove(path);
    append(path, "a\n");
    tail.notice();
    CHECK(tail.take() == Lines{"a"});
    CHECK(tail.source->state() == State::waiting);
  }
  SUBCASE("a pipe does not block") {
    REQUIRE(::mkfifo(path.c_str(), 0600) == 0);
    tail.start();
    CHECK(tail.source->state() == State::failed);
    CHECK(tail.source->problem().find("not a regular file") != std::string::npos);
  }
  SUBCASE("no permission") {
    append(path, "a\n");
    REQUIRE(::chmod(path.c_str(), 0) == 0);
    REQUIRE(::chmod(dir.path().c_str(), 0755) == 0);
    const uid_t before = ::geteuid();
    if (before == 0) REQUIRE(::seteuid(65534) == 0);
    tail.start();
    const auto state = tail.source->state();
    const auto problem = tail.source->problem();
    if (before == 0) REQUIRE(::seteuid(before) == 0);
    CHECK(state == State::failed);
    CHECK(problem.find("errno 13") != std::string::npos);
    REQUIRE(::chmod(path.c_str(), 0600) == 0);
    tail.pass(1100);
    CHECK(tail.take() == Lines{"a"});
  }
}

TEST_CASE("run --once takes what is there and does not wait") {
  const TemporaryDirectory dir;
  const auto path = dir / "audit.jsonl";
  Bench tail(path);
  tail.options.take_tail = true;
  SUBCASE("an unfinished last line is offered as a guess, and behind it the next run goes on") {
    append(path, "a\nunfini");
    tail.start();
    CHECK(tail.take() == Lines{"a"});
    CHECK(tail.got.speculative == Lines{"unfini"});
    CHECK(tail.source->state() == State::waiting);
    tail.source.reset();
    append(path, "\nb\n");
    tail.restart();
    CHECK(tail.take() == Lines{"", "b"});
  }
  SUBCASE("the rotated file first, then the new one") {
    append(path, "a\nb");
    Bench before(path);
    before.start();
    fs::rename(path, path + ".1");
    append(path, "c\nd");
    tail.start(before.got.checkpoint);
    CHECK(tail.got.final_tails == Lines{"b"});
    CHECK(tail.take() == Lines{"c"});
    CHECK(tail.got.speculative == Lines{"d"});
  }
  SUBCASE("a truncated file from its beginning") {
    append(path, "aaaa\nbbbb\n");
    Bench before(path);
    before.start();
    rewrite(path, "c\n");
    tail.start(before.got.checkpoint);
    CHECK(tail.take() == Lines{"c"});
  }
}

TEST_CASE("wrong options are refused") {
  ManualWaker waker;
  source::FileOptions options;
  CHECK_FALSE(source::follow_file(options, waker));
  options.path = "p";
  options.max_line_bytes = 10;
  CHECK_FALSE(source::follow_file(options, waker));
  options.max_line_bytes = 4096;
  options.poll_ms = 0;
  CHECK_FALSE(source::follow_file(options, waker));
}

TEST_CASE("a source that is gone is never called again") {
  const TemporaryDirectory dir;
  const auto path = dir / "audit.jsonl";
  append(path, "a\n");
  Bench tail(path);
  tail.start();
  tail.source.reset();
  CHECK(tail.waker.watched() == 0);
  append(path, "b\n");
  tail.waker.poll();
  tail.waker.pass(10'000);
}
