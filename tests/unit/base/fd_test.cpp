// Small files, and FIFOs in their place.
#include <doctest/doctest.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <string>
#include <thread>

#include "base/fd.hpp"

using namespace csiem;

namespace {

class Fifo {
 public:
  Fifo() {
    std::string name = std::filesystem::temp_directory_path().string() + "/csiem-fifo-XXXXXX";
    REQUIRE(mkdtemp(name.data()) != nullptr);
    directory_ = name;
    REQUIRE(::mkfifo(path().c_str(), 0600) == 0);
  }
  ~Fifo() { std::filesystem::remove_all(directory_); }
  Fifo(const Fifo&) = delete;
  Fifo& operator=(const Fifo&) = delete;
  std::string path() const { return directory_ + "/fifo"; }

 private:
  std::string directory_;
};

}  // namespace

TEST_CASE("a FIFO is read to the end of its writer, who may come late and write in pieces") {
  const Fifo fifo;
  std::thread writer([&] {
    ::usleep(100'000);
    const Fd fd(::open(fifo.path().c_str(), O_WRONLY | O_CLOEXEC));
    for (const char* piece : {"version = ", "\"1.0.0\"", "\n"}) {
      CHECK(write_all(fd.get(), piece, "fifo"));
      ::usleep(50'000);
    }
  });
  const auto text = read_file(fifo.path(), 1000);
  writer.join();
  REQUIRE(text);
  CHECK(*text == "version = \"1.0.0\"\n");
}

TEST_CASE("a FIFO without a writer is given up") {
  const Fifo fifo;
  const auto text = read_file(fifo.path(), 1000);
  REQUIRE_FALSE(text);
  CHECK(text.error().what().find("a FIFO into which nobody has written") != std::string::npos);
}

TEST_CASE("a pipe that was written and closed before it is read") {
  int ends[2];
  REQUIRE(::pipe2(ends, O_CLOEXEC) == 0);
  const Fd reader(ends[0]);
  {
    const Fd writer(ends[1]);
    REQUIRE(write_all(writer.get(), "text", "pipe"));
  }
  const auto text = read_file("/dev/fd/" + std::to_string(reader.get()), 1000);
  REQUIRE(text);
  CHECK(*text == "text");
}
