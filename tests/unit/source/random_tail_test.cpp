// Random histories of a log file: every line must come out exactly once.
#include <doctest/doctest.h>

#include <random>

#include "tail_bench.hpp"

using namespace csiem;
using namespace csiem::test;

namespace fs = std::filesystem;

namespace {

// A writer that appends and is rotated by rename or by copy-truncate; in between the reader notices, sleeps or is
// replaced by a new process that knows the checkpoint only.
class History {
 public:
  explicit History(unsigned seed) : random_(seed), path_(dir_ / "audit.jsonl"), tail_(path_) {
    tail_.max_bytes = 1 + below(300);
  }

  Lines run(int steps) {
    append(path_, "");
    tail_.start();
    for (int i = 0; i < steps; ++i) step();
    finish_line();
    tail_.pass(120'000);
    return tail_.take();
  }
  const Lines& expected() const { return expected_; }

 private:
  uint32_t below(uint32_t bound) { return static_cast<uint32_t>(random_() % bound); }

  void step() {
    switch (below(12)) {
      case 0:
      case 1:
      case 2:
      case 3:
        return write();
      case 4:
        return finish_line();
      case 5:
      case 6:
      case 7:
        return tail_.notice();
      case 8:
        return tail_.pass(50 + below(8000));
      case 9:
        finish_line();
        return rename();
      case 10:
        finish_line();
        return copy_truncate();
      default:
        return tail_.restart();
    }
  }
  void write() {
    finish_line();
    std::string block;
    for (uint32_t n = below(6); n > 0; --n) {
      expected_.push_back("line " + std::to_string(expected_.size()) + " " + std::string(below(200), 'x'));
      block += expected_.back() + "\n";
    }
    expected_.push_back("open " + std::to_string(expected_.size()));
    append(path_, block + expected_.back());
    open_ = true;
  }
  void finish_line() {
    if (std::exchange(open_, false)) append(path_, "\n");
  }
  void shift() {
    for (int n = 20; n >= 1; --n)
      if (fs::exists(path_ + "." + std::to_string(n)))
        fs::rename(path_ + "." + std::to_string(n), path_ + "." + std::to_string(n + 1));
  }
  void rename() {
    shift();
    fs::rename(path_, path_ + ".1");
    append(path_, "");
  }
  // The reader has seen something of the file: one that is filled, copied and emptied between two looks leaves no
  // trace.
  void copy_truncate() {
    tail_.pass(40'000);
    write();
    finish_line();
    tail_.notice();
    write();
    finish_line();
    shift();
    fs::copy_file(path_, path_ + ".1");
    rewrite(path_, "");
    tail_.pass(40'000);
  }

  std::mt19937 random_;
  TemporaryDirectory dir_;
  std::string path_;
  Bench tail_;
  Lines expected_;
  bool open_ = false;
};

}  // namespace

TEST_CASE("every line of a random history comes out exactly once, in order") {
  for (unsigned seed = 1; seed <= 60; ++seed) {
    History history(seed);
    const Lines got = history.run(60);
    // The first difference says more than two long lists.
    std::size_t same = 0;
    while (same < got.size() && same < history.expected().size() && got[same] == history.expected()[same]) ++same;
    CAPTURE(seed);
    CAPTURE(same);
    REQUIRE((same < got.size() ? got[same] : "end") ==
            (same < history.expected().size() ? history.expected()[same] : "end"));
  }
}
