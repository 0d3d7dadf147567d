// Rewritten and truncated files (events.md D.2, rules 4, 5 and 9).
#include <doctest/doctest.h>

#include "tail_bench.hpp"

using namespace csiem;
using namespace csiem::test;

namespace fs = std::filesystem;

TEST_CASE("rule 4: a store that rewrites its whole file for every event gives every event once") {
  const TemporaryDirectory dir;
  const auto path = dir / "audit.jsonl";
  Bench tail(path);
  std::string content;
  Lines expected;
  tail.start();
  for (int i = 0; i < 50; ++i) {
    expected.push_back("{\"id\":" + std::to_string(i) + "}");
    content += expected.back() + "\n";
    rewrite(path, "");
    if (i % 2 == 0) tail.notice();  // seen empty
    if (i % 5 == 0) tail.pass(150);
    append(path, content.substr(0, content.size() / 2));
    if (i % 3 == 0) tail.notice();  // seen as a prefix
    append(path, content.substr(content.size() / 2));
    tail.notice();
    if (i % 7 == 0) tail.pass(1100);
    if (i % 11 == 0) tail.restart();
  }
  tail.pass(3000);
  CHECK(tail.take() == expected);
}

TEST_CASE("rule 4: truncation is believed after the grace time, and only then") {
  const TemporaryDirectory dir;
  const auto path = dir / "audit.jsonl";
  append(path, "first line\nsecond line\n");
  Bench tail(path);
  tail.start();
  tail.take();
  rewrite(path, "new\n");
  tail.notice();
  tail.pass(1900);
  CHECK(tail.take().empty());
  tail.pass(200);
  CHECK(tail.take() == Lines{"new"});
  append(path, "newer\n");
  tail.notice();
  CHECK(tail.take() == Lines{"newer"});
}

TEST_CASE("rule 4: a rewriter that is slower than the grace time brings nothing twice") {
  const TemporaryDirectory dir;
  const auto path = dir / "audit.jsonl";
  append(path, "a\nb\nc\n");
  Bench tail(path);
  tail.start();
  tail.take();
  rewrite(path, "");
  tail.notice();
  tail.pass(5000);
  append(path, "a\nb\nc\nd\n");
  tail.notice();
  CHECK(tail.take() == Lines{"d"});
}

TEST_CASE("copy-truncate: lines that were only in the copy are not lost") {
  const TemporaryDirectory dir;
  const auto path = dir / "audit.jsonl";
  append(path, "a\nb\n");
  Bench tail(path);
  tail.start();
  append(path, "c\nd\n");
  fs::copy_file(path, path + ".1");
  rewrite(path, "");
  tail.notice();
  append(path, "e\n");
  tail.notice();
  tail.pass(2500);
  append(path, "f\n");
  tail.notice();
  tail.pass(2500);
  CHECK(tail.take() == Lines{"a", "b", "c", "d", "e", "f"});
}

TEST_CASE("copy-truncate: all lines were read before") {
  const TemporaryDirectory dir;
  const auto path = dir / "audit.jsonl";
  append(path, "a\nb\n");
  Bench tail(path);
  tail.start();
  fs::copy_file(path, path + ".1");
  rewrite(path, "");
  tail.notice();
  tail.pass(2500);
  append(path, "c\n");
  tail.notice();
  append(path, "longer than everything before\n");
  tail.notice();
  CHECK(tail.take() == Lines{"a", "b", "c", "longer than everything before"});
}

TEST_CASE("rule 5: two writers that overwrite each other cost only the lines that changed") {
  const TemporaryDirectory dir;
  const auto path = dir / "audit.jsonl";
  SUBCASE("read line by line") {
    Bench tail(path);
    tail.start();
    std::string content;
    for (const char* line : {"a\n", "b\n", "c\n", "from-a\n"}) {
      content += line;
      rewrite(path, content);
      tail.notice();
    }
    rewrite(path, "a\nb\nc\nfrom-b\n");
    tail.notice();
    CHECK(tail.take() == Lines{"a", "b", "c", "from-a", "from-b"});
    rewrite(path, "a\nb\nc\nfrom-c\nmore\n");
    tail.notice();
    CHECK(tail.take() == Lines{"from-c", "more"});
    rewrite(path, "a\nb\nx\n");
    tail.notice();
    tail.pass(2500);
    CHECK(tail.take() == Lines{"x"});
  }
  SUBCASE("read in one block") {
    append(path, "a\nb\nc\nfrom-a\n");
    Bench tail(path);
    tail.start();
    rewrite(path, "a\nb\nc\nfrom-b\n");
    tail.notice();
    CHECK(tail.take() == Lines{"a", "b", "c", "from-a", "from-b"});
    CHECK(tail.got.numbers == std::vector<uint64_t>{1, 2, 3, 4, 4});
  }
  SUBCASE("across a restart") {
    append(path, "a\nb\nc\nfrom-a\n");
    Bench tail(path);
    tail.start();
    tail.source.reset();
    rewrite(path, "a\nb\nc\nfrom-b\n");
    tail.restart();
    CHECK(tail.take() == Lines{"a", "b", "c", "from-a", "from-b"});
  }
  SUBCASE("without a notification and in the same tick of the file's clock") {
    append(path, "a\nb\n");
    Bench tail(path);
    tail.waker.deaf = true;
    tail.start();
    struct stat st {};
    ::stat(path.c_str(), &st);
    rewrite(path, "a\nX\n");
    const timespec times[2] = {st.st_atim, st.st_mtim};
    ::utimensat(AT_FDCWD, path.c_str(), times, 0);
    tail.waker.pass(1000);
    collect(*tail.source, tail.got);
    CHECK(tail.take() == Lines{"a", "b", "X"});
  }
}

TEST_CASE("rule 9: holes, byte order marks and carriage returns do not disturb the line borders") {
  const TemporaryDirectory dir;
  const auto path = dir / "audit.jsonl";
  append(path,
         "\xEF\xBB\xBF"
         "a\r\nb\r\n");
  Bench tail(path);
  tail.start();
  CHECK(tail.take() == Lines{"\xEF\xBB\xBF"
                             "a\r",
                             "b\r"});
}

TEST_CASE("rule 9: a writer without append mode leaves a hole after copy-truncate") {
  const TemporaryDirectory dir;
  const auto path = dir / "audit.jsonl";
  const int writer = ::open(path.c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
  const std::string old = std::string(6'000'000, 'o') + "\n";
  CHECK(::write(writer, "a\n", 2) == 2);
  CHECK(::write(writer, old.data(), old.size()) == static_cast<ssize_t>(old.size()));
  Bench tail(path);
  tail.start();
  CHECK(tail.take() == Lines{"a"});
  CHECK(tail.got.oversize.size() == 1);
  CHECK(::truncate(path.c_str(), 0) == 0);
  CHECK(::write(writer, "b\n", 2) == 2);  // at 6 million, behind a hole
  tail.notice();
  tail.pass(3000);
  CHECK(tail.take() == Lines{"b"});
  CHECK(tail.got.oversize.size() == 1);
  CHECK(::write(writer, "c\n", 2) == 2);
  tail.notice();
  CHECK(tail.take() == Lines{"c"});
  tail.restart();
  CHECK(tail.take().empty());
  ::close(writer);
}

TEST_CASE("lines up to the limit are read whole, longer ones by their head") {
  const TemporaryDirectory dir;
  const auto path = dir / "audit.jsonl";
  Bench tail(path);
  const std::size_t limit = tail.options.max_line_bytes;
  append(path, "a\n");
  tail.start();
  append(path, std::string(limit, 'x') + "\nb\n");
  tail.notice();
  CHECK(tail.take() == Lines{"a", std::string(limit, 'x'), "b"});
  append(path, std::string(limit, 'y'));
  tail.notice();
  append(path, "y");
  tail.notice();
  append(path, std::string(9'000'000, 'y') + "yyyy");
  tail.notice();
  CHECK(tail.got.oversize.empty());
  append(path, "y\nc\n");
  tail.notice();
  CHECK(tail.take() == Lines{"c"});
  CHECK(tail.got.oversize == Lines{std::string(4096, 'y')});
  CHECK(tail.got.numbers.back() == 5);
  tail.restart();
  append(path, "d\n");
  tail.notice();
  CHECK(tail.take() == Lines{"d"});
}

TEST_CASE("an unfinished line that is rewritten before it is finished comes out as it was finished") {
  const TemporaryDirectory dir;
  const auto path = dir / "audit.jsonl";
  append(path, "a\nold-half");
  Bench tail(path);
  tail.start();
  rewrite(path, "a\nnew-half, whole\n");
  tail.notice();
  CHECK(tail.take() == Lines{"a", "new-half, whole"});
}
