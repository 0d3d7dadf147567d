#include <doctest/doctest.h>

#include "source/checkpoint.hpp"
#include "source/rotated_files.hpp"
#include "tail_bench.hpp"

using namespace csiem;
using namespace csiem::source;
using csiem::test::append;
using csiem::test::TemporaryDirectory;

namespace {

Position some_position(int lines) {
  Position position;
  position.id = {123, 18'446'744'073'709'551'615u};
  position.fingerprint = {1024, sha256("x")};
  for (int i = 1; i <= lines; ++i)
    position.marks.add(make_mark(static_cast<uint64_t>(i) * 10, "123456789\n", static_cast<uint64_t>(i) + 1));
  position.offset = static_cast<uint64_t>(lines) * 10;
  position.next_line = static_cast<uint64_t>(lines) + 1;
  return position;
}

}  // namespace

TEST_CASE("a checkpoint survives its text form") {
  Buffer scratch;
  for (const int lines : {0, 1, 2, 5, 5000}) {
    const Position before = some_position(lines);
    const auto after = parse_checkpoint(checkpoint_text(before, scratch));
    REQUIRE(after);
    CHECK(after->id == before.id);
    CHECK(after->fingerprint == before.fingerprint);
    CHECK(after->offset == before.offset);
    CHECK(after->next_line == before.next_line);
    CHECK_FALSE(after->absent);
    REQUIRE(after->marks.empty() == before.marks.empty());
    if (!before.marks.empty()) CHECK(after->marks.newest() == before.marks.newest());
    CHECK(checkpoint_text(*after, scratch).size() < 1500);
  }
  Position absent;
  absent.absent = true;
  const auto after = parse_checkpoint(checkpoint_text(absent, scratch));
  REQUIRE(after);
  CHECK(after->absent);
}

TEST_CASE("a damaged checkpoint is not believed") {
  Buffer scratch;
  const std::string good = checkpoint_text(some_position(3), scratch);
  REQUIRE(parse_checkpoint(good));
  for (std::size_t cut = 0; cut < good.size(); ++cut) CHECK_FALSE(parse_checkpoint(good.substr(0, cut)));
  for (std::size_t at = 0; at < good.size(); ++at) {
    std::string bad = good;
    bad[at] = '~';
    CAPTURE(bad);
    CHECK_FALSE(parse_checkpoint(bad));
  }
  for (const char* text : {"", "null", "[]", "{}", "{\"v\":2}", "{\"v\":-1}", "{\"v\":1}", "{\"v\":1,\"marks\":3}"})
    CHECK_FALSE(parse_checkpoint(text));
}

TEST_CASE("the list of marks is bounded and keeps some of the far past") {
  MarkList marks;
  for (uint64_t i = 1; i <= 100'000; ++i) marks.add(make_mark(i * 10, "x", i));
  CHECK(marks.all().size() <= MarkList::kMost);
  CHECK(marks.newest().end == 1'000'000);
  CHECK(marks.all().front().end < 1000);
  for (std::size_t i = 1; i < marks.all().size(); ++i) REQUIRE(marks.all()[i - 1].end < marks.all()[i].end);
  marks.cut_behind(500'000);
  CHECK(marks.newest().end <= 500'000);
}

TEST_CASE("rotated names, oldest first") {
  const TemporaryDirectory dir;
  const auto names = [&](const std::string& path) {
    std::vector<std::string> out;
    for (const auto& file : list_rotated(path)) out.push_back(file.path.substr(dir.path().size() + 1));
    return out;
  };
  SUBCASE("numbers") {
    for (const char* name : {"a.jsonl", "a.jsonl.1", "a.jsonl.10", "a.jsonl.2", "a.jsonl.3.gz", "a.jsonl.old",
                             "a.jsonl.", "a.jsonl.1x", "b.jsonl.1"})
      append(dir / name, "");
    std::filesystem::create_directory(dir / "a.jsonl.4");
    CHECK(names(dir / "a.jsonl") == std::vector<std::string>{"a.jsonl.10", "a.jsonl.2", "a.jsonl.1"});
  }
  SUBCASE("dates") {
    for (const char* name : {"a.jsonl-20260302", "a.jsonl-20260228", "a.jsonl-20260301"}) append(dir / name, "");
    CHECK(names(dir / "a.jsonl") ==
          std::vector<std::string>{"a.jsonl-20260228", "a.jsonl-20260301", "a.jsonl-20260302"});
  }
  SUBCASE("in front of the extension, with times") {
    for (const char* name : {"a-2026-03-02T10:00:00Z.jsonl", "a-2026-03-02T09:00:00Z.jsonl", "a-b.jsonl"})
      append(dir / name, "");
    CHECK(names(dir / "a.jsonl") ==
          std::vector<std::string>{"a-2026-03-02T09:00:00Z.jsonl", "a-2026-03-02T10:00:00Z.jsonl"});
  }
  SUBCASE("mixed styles go by time") {
    append(dir / "a.jsonl.1", "");
    append(dir / "a.jsonl-20260302", "");
    const timespec old[2] = {{1000, 0}, {1000, 0}};
    ::utimensat(AT_FDCWD, (dir / "a.jsonl.1").c_str(), old, 0);
    CHECK(names(dir / "a.jsonl") == std::vector<std::string>{"a.jsonl.1", "a.jsonl-20260302"});
  }
  SUBCASE("no directory") { CHECK(list_rotated(dir / "x/y").empty()); }
}
