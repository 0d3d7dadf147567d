// Rotation by rename, restarts and swinging links (events.md D.2, rules 2 and 6).
#include <doctest/doctest.h>

#include "tail_bench.hpp"

using namespace csiem;
using namespace csiem::test;
using source::State;

namespace fs = std::filesystem;

TEST_CASE("rule 2: a restart goes on behind the last block, whatever happened meanwhile") {
  const TemporaryDirectory dir;
  const auto path = dir / "audit.jsonl";
  append(path, "a\nb\n");
  Bench tail(path);
  tail.start();
  tail.take();
  tail.source.reset();

  SUBCASE("nothing") {
    tail.restart();
    CHECK(tail.take().empty());
  }
  SUBCASE("appended") {
    append(path, "c\nd");
    tail.restart();
    CHECK(tail.take() == Lines{"c"});
  }
  SUBCASE("renamed") {
    append(path, "c\n");
    fs::rename(path, path + ".1");
    append(path, "d\n");
    tail.restart();
    CHECK(tail.take() == Lines{"c"});
    tail.pass(6000);
    CHECK(tail.take() == Lines{"d"});
  }
  SUBCASE("renamed, nothing new at the path yet") {
    append(path, "c\n");
    fs::rename(path, path + ".20260302120000");
    tail.restart();
    CHECK(tail.take() == Lines{"c"});
    append(path, "d\n");
    tail.notice();
    tail.pass(6000);
    CHECK(tail.take() == Lines{"d"});
  }
  SUBCASE("renamed three times") {
    append(path, "c\n");
    fs::rename(path, path + ".3");
    append(path + ".2", "d\n");
    append(path + ".1", "e\n");
    append(path, "f\n");
    append(path + ".4", "too old\n");
    tail.restart();
    tail.pass(30'000);
    CHECK(tail.take() == Lines{"c", "d", "e", "f"});
  }
  SUBCASE("renamed by date, twice") {
    append(path, "c\n");
    fs::rename(path, dir / "audit-20260301.jsonl");
    append(dir / "audit-20260302.jsonl", "d\n");
    append(dir / "audit-20260228.jsonl", "too old\n");
    append(path, "e\n");
    tail.restart();
    tail.pass(30'000);
    CHECK(tail.take() == Lines{"c", "d", "e"});
  }
  SUBCASE("copied and truncated") {
    append(path, "c\n");
    fs::copy_file(path, path + ".1");
    rewrite(path, "d\n");
    tail.restart();
    tail.pass(3000);
    CHECK(tail.take() == Lines{"c", "d"});
  }
  SUBCASE("copied and truncated, then renamed") {
    append(path, "c\n");
    fs::copy_file(path, path + ".2");
    rewrite(path, "d\n");
    fs::rename(path, path + ".1");
    append(path, "e\n");
    tail.restart();
    tail.pass(30'000);
    CHECK(tail.take() == Lines{"c", "d", "e"});
  }
  SUBCASE("rewritten with more") {
    rewrite(path, "a\nb\nc\n");
    tail.restart();
    CHECK(tail.take() == Lines{"c"});
  }
  SUBCASE("replaced by the same content under another inode") {
    append(path, "c\n");
    fs::copy_file(path, dir / "copy");
    fs::rename(dir / "copy", path);
    tail.restart();
    CHECK(tail.take() == Lines{"c"});
  }
  SUBCASE("rotated away for good") {
    fs::remove(path);
    append(dir / "keep-the-inode-busy", "x");
    append(path, "new\n");
    tail.restart();
    tail.pass(3000);
    CHECK(tail.take() == Lines{"new"});
  }
  SUBCASE("missing, then back") {
    fs::rename(path, dir / "elsewhere");
    tail.restart();
    CHECK(tail.source->state() == State::waiting);
    CHECK(tail.source->problem_code() == 4501);
    append(dir / "elsewhere", "c\n");
    fs::rename(dir / "elsewhere", path);
    tail.notice();
    CHECK(tail.take() == Lines{"c"});
    CHECK(tail.source->problem_code() == 0);
  }
  CHECK(tail.got.final_tails.empty());
}

TEST_CASE("rule 6: rename rotation drains the old file, waits, then reads the new one") {
  const TemporaryDirectory dir;
  const auto path = dir / "audit.jsonl";
  append(path, "a\n");
  Bench tail(path);
  tail.start();
  const int writer = ::open(path.c_str(), O_WRONLY | O_APPEND | O_CLOEXEC);
  fs::rename(path, path + ".1");
  append(path, "new\n");
  tail.notice();
  CHECK(::write(writer, "b\n", 2) == 2);
  tail.notice();
  tail.pass(4000);
  CHECK(tail.take() == Lines{"a", "b"});
  CHECK(::write(writer, "c\n", 2) == 2);  // not idle: the grace time starts again
  tail.notice();
  tail.pass(4500);
  CHECK(tail.take() == Lines{"c"});
  tail.pass(1500);
  CHECK(tail.take() == Lines{"new"});
  append(path, "newer\n");
  tail.notice();
  CHECK(tail.take() == Lines{"newer"});
  ::close(writer);
}

TEST_CASE("rule 6: a writer that never reopens is followed as long as the new file is empty") {
  const TemporaryDirectory dir;
  const auto path = dir / "audit.jsonl";
  append(path, "a\n");
  Bench tail(path);
  tail.start();
  fs::rename(path, path + ".1");
  append(path, "");
  tail.notice();
  tail.pass(20'000);
  append(path + ".1", "b\n");
  tail.notice();
  CHECK(tail.take() == Lines{"a", "b"});
  fs::rename(path + ".1", path + ".2");
  fs::rename(path, path + ".1");
  append(path, "");
  tail.pass(20'000);
  append(path + ".2", "c\n");
  tail.notice();
  CHECK(tail.take() == Lines{"c"});
}

TEST_CASE("rule 6: several rotations inside the grace time lose nothing") {
  const TemporaryDirectory dir;
  const auto path = dir / "audit.jsonl";
  append(path, "a\n");
  Bench tail(path);
  tail.start();
  SUBCASE("each one seen") {
    for (const char* line : {"b\n", "c\n", "d\n"}) {
      for (int n = 5; n >= 1; --n)
        if (fs::exists(path + "." + std::to_string(n)))
          fs::rename(path + "." + std::to_string(n), path + "." + std::to_string(n + 1));
      fs::rename(path, path + ".1");
      append(path, line);
      tail.notice();
    }
  }
  SUBCASE("none seen") {
    fs::rename(path, path + ".3");
    append(path + ".2", "b\n");
    append(path + ".1", "c\n");
    append(path, "d\n");
  }
  SUBCASE("none seen and the first one deleted") {
    fs::remove(path);
    append(path + ".2", "b\n");
    append(path + ".1", "c\n");
    append(path, "d\n");
  }
  tail.pass(30'000);
  CHECK(tail.take() == Lines{"a", "b", "c", "d"});
}

TEST_CASE("rule 3: the last line of a rotated file needs no line feed") {
  const TemporaryDirectory dir;
  const auto path = dir / "audit.jsonl";
  append(path, "a\nunfinished");
  Bench tail(path);
  tail.start();
  fs::rename(path, path + ".1");
  append(path, "new\n");
  tail.notice();
  CHECK(tail.got.final_tails.empty());
  tail.pass(6000);
  CHECK(tail.got.final_tails == Lines{"unfinished"});
  CHECK(tail.take() == Lines{"a", "new"});
}

TEST_CASE("a symlink that swings is followed, back and forth") {
  const TemporaryDirectory dir;
  fs::create_directory(dir / "data");
  const auto link = dir / "current";
  append(dir / "data/one", "1a\n");
  append(dir / "data/two", "2a\n");
  fs::create_symlink("data/one", link);
  Bench tail(link);
  tail.start();
  append(dir / "data/one", "1b\n");
  tail.notice();  // the target lies in another directory: its own watch tells
  CHECK(tail.take() == Lines{"1a", "1b"});
  fs::create_symlink("data/two", dir / "next");
  fs::rename(dir / "next", link);
  tail.notice();
  tail.pass(6000);
  CHECK(tail.take() == Lines{"2a"});
  append(dir / "data/one", "1c\n");
  fs::create_symlink("data/one", dir / "next");
  fs::rename(dir / "next", link);
  tail.notice();
  tail.pass(6000);
  CHECK(tail.take() == Lines{"1c"});
}
