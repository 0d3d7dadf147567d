#include <doctest/doctest.h>

#include "base/fd.hpp"
#include "tail_bench.hpp"

using namespace csiem;
using namespace csiem::test;
using source::State;

namespace {

struct Pipe {
  Pipe() {
    int fds[2];
    REQUIRE(::pipe2(fds, O_CLOEXEC) == 0);
    out = Fd(fds[0]);
    in = Fd(fds[1]);
  }
  void write(std::string_view bytes) {
    REQUIRE(::write(in.get(), bytes.data(), bytes.size()) == static_cast<ssize_t>(bytes.size()));
  }
  Fd out, in;
};

std::unique_ptr<source::Source> open_on(int fd, ManualWaker& waker) {
  source::StdinOptions options;
  options.id = "stdin";
  options.fd = fd;
  auto opened = source::read_stdin(options, waker);
  REQUIRE(opened);
  return *std::move(opened);
}

}  // namespace

TEST_CASE("standard input from a pipe: lines, pauses, an unterminated last line, the end") {
  Pipe pipe;
  ManualWaker waker;
  const auto source = open_on(pipe.out.get(), waker);
  Collected got;
  CHECK(source->state() == State::waiting);
  CHECK(waker.watching(pipe.out.get()));
  pipe.write("a\nb\nc");
  waker.poll();
  CHECK(waker.wakes == 1);
  CHECK(source->state() == State::readable);
  CHECK_FALSE(waker.watching(pipe.out.get()));  // or a loop would spin until somebody reads
  collect(*source, got);
  CHECK(got.lines == Lines{"a", "b"});
  CHECK(source->state() == State::waiting);
  CHECK(waker.watching(pipe.out.get()));
  pipe.in.reset();
  waker.poll();
  collect(*source, got);
  CHECK(got.lines == Lines{"a", "b"});
  CHECK(got.final_tails == Lines{"c"});
  CHECK(source->state() == State::ended);
  CHECK(got.checkpoint.empty());
  CHECK_FALSE(source->read(1000));
}

TEST_CASE("standard input from a file is never watched") {
  const TemporaryDirectory dir;
  append(dir / "input", "a\nb\n");
  const Fd fd(::open((dir / "input").c_str(), O_RDONLY | O_CLOEXEC));
  ManualWaker waker;
  const auto source = open_on(fd.get(), waker);
  CHECK(waker.watched() == 0);
  Collected got;
  collect(*source, got);
  CHECK(got.lines == Lines{"a", "b"});
  CHECK(got.final_tails.empty());
  CHECK(source->state() == State::ended);
}

TEST_CASE("standard input that is empty or at its end already") {
  Pipe pipe;
  pipe.in.reset();
  ManualWaker waker;
  const auto source = open_on(pipe.out.get(), waker);
  Collected got;
  collect(*source, got);
  CHECK(got.blocks == 0);
  CHECK(source->state() == State::ended);
}

TEST_CASE("standard input with an oversize line") {
  Pipe pipe;
  ManualWaker waker;
  source::StdinOptions options;
  options.id = "stdin";
  options.fd = pipe.out.get();
  options.max_line_bytes = 4096;
  auto opened = source::read_stdin(options, waker);
  REQUIRE(opened);
  Collected got;
  pipe.write("a\n" + std::string(5000, 'x'));
  waker.poll();
  collect(**opened, got);
  pipe.write(std::string(5000, 'x') + "\nb\n" + std::string(9000, 'y'));
  waker.poll();
  collect(**opened, got);
  CHECK(got.lines == Lines{"a", "b"});
  CHECK(got.oversize == Lines{std::string(4096, 'x')});
  pipe.in.reset();
  waker.poll();
  collect(**opened, got);
  CHECK(got.oversize.size() == 2);
  CHECK((*opened)->state() == State::ended);
}

TEST_CASE("a closed standard input is refused, one that cannot be read ends with a reason") {
  ManualWaker waker;
  source::StdinOptions options;
  options.id = "stdin";
  options.fd = 999;
  CHECK_FALSE(source::read_stdin(options, waker));
  const Fd directory(::open("/", O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  const auto source = open_on(directory.get(), waker);
  Collected got;
  collect(*source, got);
  CHECK(source->state() == State::ended);
  CHECK(source->problem_code() == 4502);
}

TEST_CASE("an ended source leaves its descriptor alone") {
  Pipe pipe;
  ManualWaker waker;
  open_on(pipe.out.get(), waker).reset();
  CHECK(waker.watched() == 0);
}
