#include <doctest/doctest.h>

#include <cstring>
#include <random>
#include <string>
#include <vector>

#include "source/line_splitter.hpp"

using csiem::source::count_lines;
using csiem::source::LineSplitter;

namespace {

void feed(LineSplitter& splitter, std::string_view bytes) {
  const auto space = splitter.space(bytes.size());
  std::memcpy(space.data(), bytes.data(), bytes.size());
  splitter.filled(bytes.size());
}

}  // namespace

TEST_CASE("only whole lines come out, and the rest waits") {
  LineSplitter splitter(1 << 20);
  feed(splitter, "one\ntwo\nthr");
  auto piece = splitter.take(1000);
  REQUIRE(piece);
  CHECK(piece->bytes == "one\ntwo\n");
  CHECK(piece->offset == 0);
  CHECK(piece->end == 8);
  CHECK(piece->first_line == 1);
  CHECK(piece->lines == 2);
  CHECK(piece->mark == "two\n");
  CHECK_FALSE(splitter.take(1000));
  CHECK(splitter.read_offset() == 11);
  CHECK(splitter.position() == 8);
  feed(splitter, "ee\nfour");
  piece = splitter.take(1000);
  REQUIRE(piece);
  CHECK(piece->bytes == "three\n");
  CHECK(piece->first_line == 3);
  CHECK_FALSE(splitter.take(1000));
  piece = splitter.take_rest();
  REQUIRE(piece);
  CHECK(piece->bytes == "four");
  CHECK(piece->offset == 14);
  CHECK_FALSE(splitter.take_rest());
}

TEST_CASE("a block is no longer than asked for, unless one line is") {
  LineSplitter splitter(1 << 20);
  feed(splitter, "1234\n5678\nabcdefghijklmnopqrstuvwxyz\nx\n");
  CHECK(splitter.take(7)->bytes == "1234\n");
  CHECK(splitter.take(7)->bytes == "5678\n");
  CHECK(splitter.take(7)->bytes == "abcdefghijklmnopqrstuvwxyz\n");
  CHECK(splitter.take(7)->bytes == "x\n");
}

TEST_CASE("an oversize line keeps its head, its true end and costs no memory") {
  constexpr std::size_t kLimit = 8192;
  for (const std::size_t length : {kLimit, kLimit + 1, std::size_t{3} << 20}) {
    LineSplitter splitter(kLimit);
    std::string text = "before\n" + std::string(length, 'x') + "\nafter\n";
    std::vector<std::string> lines;
    bool oversize = false;
    uint64_t end = 0;
    for (std::size_t at = 0; at < text.size(); at += 4000) {
      feed(splitter, std::string_view(text).substr(at, 4000));
      while (auto piece = splitter.take(100'000)) {
        lines.emplace_back(piece->bytes);
        oversize |= piece->oversize;
        if (piece->oversize) end = piece->end;
      }
    }
    CAPTURE(length);
    CHECK(oversize == (length > kLimit));
    if (oversize) {
      REQUIRE(lines.size() == 3);
      CHECK(lines[1] == std::string(4096, 'x'));
      CHECK(end == 7 + length + 1);
    }
    CHECK(lines.back().substr(lines.back().size() - 6) == "after\n");
    CHECK(splitter.position() == text.size());
    CHECK(splitter.next_line() == 4);
    CHECK(splitter.capacity() <= 1 << 20);
  }
}

TEST_CASE("runs of NUL in front of a line are passed over, inside a line they stay") {
  LineSplitter splitter(4096);
  feed(splitter, std::string(100'000, '\0'));
  CHECK_FALSE(splitter.take(1000));
  CHECK(splitter.in_hole());
  feed(splitter, std::string(10, '\0') + std::string("data\nmo\0re\n", 11));
  auto piece = splitter.take(1000);
  REQUIRE(piece);
  CHECK(piece->bytes == std::string_view("data\nmo\0re\n", 11));
  CHECK(piece->offset == 100'010);
}

TEST_CASE("an incomplete line that is forgotten is read again, with the hole in front of it") {
  LineSplitter splitter(4096);
  feed(splitter, std::string("a\n\0\0ha", 6));
  CHECK(splitter.take(1000)->bytes == "a\n");
  CHECK_FALSE(splitter.take(1000));
  splitter.drop_pending();
  CHECK(splitter.read_offset() == 2);
  CHECK_FALSE(splitter.take_rest());
}

TEST_CASE("random chunks and block sizes give the same lines") {
  std::mt19937 random(7);
  for (int round = 0; round < 300; ++round) {
    std::string text;
    const int lines = static_cast<int>(random() % 60);
    for (int i = 0; i < lines; ++i) text += std::string(random() % (random() % 8 == 0 ? 3000 : 40), 'a') + "\n";
    text += std::string(random() % 5, 'z');
    LineSplitter splitter(5000);
    std::string out;
    uint64_t counted = 0;
    std::size_t at = 0;
    while (at < text.size()) {
      const std::size_t n = std::min<std::size_t>(text.size() - at, 1 + random() % 2000);
      feed(splitter, std::string_view(text).substr(at, n));
      at += n;
      while (auto piece = splitter.take(1 + random() % 500)) {
        REQUIRE(piece->offset == out.size());
        REQUIRE(piece->first_line == counted + 1);
        REQUIRE(piece->bytes.back() == '\n');
        REQUIRE(piece->bytes.ends_with(piece->mark));
        counted += piece->lines;
        out += piece->bytes;
      }
    }
    if (const auto rest = splitter.take_rest()) out += rest->bytes;
    CHECK(out == text);
    CHECK(counted == static_cast<uint64_t>(lines));
  }
}

TEST_CASE("counting lines") {
  CHECK(count_lines("") == 0);
  CHECK(count_lines("\n") == 1);
  std::mt19937 random(3);
  for (const std::size_t size : {15u, 16u, 17u, 4079u, 4080u, 4096u, 100'000u}) {
    std::string text(size, 'x');
    uint64_t expected = 0;
    for (char& c : text)
      if (random() % 3 == 0) c = '\n', ++expected;
    CHECK(count_lines(text) == expected);
    CHECK(count_lines(std::string(size, '\n')) == size);
  }
}
