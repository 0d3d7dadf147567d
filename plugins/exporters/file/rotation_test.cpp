// One file: opening, healing, writing all or nothing, rotation by itself and by others; compression; standard output.
// SPDX-License-Identifier: Apache-2.0
#include <doctest/doctest.h>

#include <fcntl.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <zlib.h>

#include <atomic>
#include <thread>

#include "file/gzip.hpp"
#include "file/log_file.hpp"
#include "file/rotation.hpp"
#include "file/standard_output.hpp"
#include "file/test_files.hpp"

using namespace csiem::file;
using csiem::testing::Directory;

namespace {

constexpr int64_t kSecond = 1'000'000'000;
constexpr int64_t kNow = 1'772'438'400 * kSecond;  // 2026-03-02T08:00:00Z

// Appends one text; the empty code means that it worked.
std::string append(LogFile& file, std::string text, Notes& notes, int64_t now = kNow) {
  iovec part{text.data(), text.size()};
  const auto failure = file.append({&part, 1}, text.size(), now, notes);
  return failure ? failure->code : "";
}
std::string append(LogFile& file, std::string text, int64_t now = kNow) {
  Notes notes;
  return append(file, std::move(text), notes, now);
}

std::string unzipped(const std::string& path) {
  gzFile in = gzopen(path.c_str(), "rb");
  REQUIRE(in != nullptr);
  std::string out(1 << 20, '\0');
  const int got = gzread(in, out.data(), static_cast<unsigned>(out.size()));
  gzclose(in);
  out.resize(static_cast<std::size_t>(std::max(0, got)));
  return out;
}

}  // namespace

TEST_CASE("a file is created with its mode, whatever the umask, and appended to") {
  Directory dir;
  const mode_t before = umask(0077);
  LogFile file(dir.path(), "a.jsonl", {.mode = 0644});
  CHECK(append(file, "one\n") == "");
  CHECK(append(file, "two\n") == "");
  umask(before);
  CHECK(dir.read("a.jsonl") == "one\ntwo\n");
  struct stat st {};
  stat(dir.path("a.jsonl").c_str(), &st);
  CHECK((st.st_mode & 0777) == 0644);
}

TEST_CASE("a last line without its end is cut when the file is opened, complete ones stay") {
  for (const auto& [found, left, cut] : {std::tuple{"one\ntwo\n", "one\ntwo\n", 0},
                                         {"one\ntw", "one\n", 2},
                                         {"on", "", 2},
                                         {"", "", 0},
                                         {"\n", "\n", 0}}) {
    Directory dir;
    dir.write("a", found);
    LogFile file(dir.path(), "a", {});
    Notes notes;
    CHECK(append(file, "new\n", notes) == "");
    CHECK(dir.read("a") == std::string(left) + "new\n");
    CHECK(notes.partial == (cut != 0));
    CHECK(notes.partial_bytes == static_cast<uint64_t>(cut));
  }
}

TEST_CASE("a cut line longer than one block is found, a file without lines is left alone") {
  Directory dir;
  dir.write("long", "one\n" + std::string(200'000, 'x'));
  LogFile file(dir.path(), "long", {});
  CHECK(append(file, "two\n") == "");
  CHECK(dir.read("long") == "one\ntwo\n");

  std::filesystem::resize_file((dir.write("disk.img", ""), dir.path("disk.img")), 17 * 1024 * 1024);
  LogFile other(dir.path(), "disk.img", {});
  CHECK(append(other, "two\n") == "EINVAL");
  CHECK(std::filesystem::file_size(dir.path("disk.img")) == 17 * 1024 * 1024);
}

TEST_CASE("symbolic links, directories and pipes are not written to") {
  Directory dir;
  dir.write("target", "");
  std::filesystem::create_symlink(dir.path("target"), dir.path("link"));
  std::filesystem::create_directory(dir.path("real"));
  std::filesystem::create_directory_symlink(dir.path("real"), dir.path("linked"));
  REQUIRE(mkfifo(dir.path("pipe").c_str(), 0600) == 0);
  for (const auto& [below, code] :
       {std::pair{"link", "ELOOP"}, {"linked/a", "ENOTDIR"}, {"real", "EISDIR"}, {"pipe", "EINVAL"}}) {
    LogFile file(dir.path(), below, {});
    std::string line = "x\n";
    iovec part{line.data(), line.size()};
    Notes notes;
    const auto failure = file.append({&part, 1}, 2, kNow, notes);
    REQUIRE(failure);
    CHECK(failure->code == code);
    CHECK(failure->outcome == CSIEM_CONFIG);
    CHECK(failure->message.find(dir.path(below)) != std::string::npos);
  }
  CHECK(dir.read("target") == "");
  CHECK(dir.list("real").empty());
  LogFile missing(dir.path("nowhere/"), "a", {});
  CHECK(append(missing, "x\n") == "ENOENT");
}

TEST_CASE("what a failed write left behind is taken off again, and the next write succeeds") {
  Directory dir;
  LogFile file(dir.path(), "a", {});
  CHECK(append(file, "one\n") == "");
  rlimit before{};
  getrlimit(RLIMIT_FSIZE, &before);
  const auto old_handler = signal(SIGXFSZ, SIG_IGN);
  const rlimit small{100, before.rlim_max};
  setrlimit(RLIMIT_FSIZE, &small);
  Notes notes;
  std::string line(300, 'x');
  line += '\n';
  iovec part{line.data(), line.size()};
  const auto failure = file.append({&part, 1}, line.size(), kNow, notes);
  setrlimit(RLIMIT_FSIZE, &before);
  signal(SIGXFSZ, old_handler);
  REQUIRE(failure);
  CHECK(failure->code == "EFBIG");
  CHECK(failure->outcome == CSIEM_RETRY);
  CHECK(dir.read("a") == "one\n");
  CHECK(append(file, "two\n") == "");
  CHECK(dir.read("a") == "one\ntwo\n");
}

TEST_CASE("a failure says path, reason, free space and owner") {
  Directory dir;
  dir.write("a", "");
  for (const int error : {ENOSPC, EIO, EACCES}) {
    const Failure failure = describe("write to", dir.path("a"), error);
    CHECK(failure.outcome == CSIEM_RETRY);
    for (const std::string& part :
         {"cannot write to " + dir.path("a") + ": ", std::string(" bytes free"),
          "file owned by uid " + std::to_string(getuid()), "running as uid " + std::to_string(geteuid())})
      CHECK_MESSAGE(failure.message.find(part) != std::string::npos, failure.message);
  }
  CHECK(describe("open", dir.path("a"), ENOSPC).code == "ENOSPC");
  CHECK(describe("open", "/nonexistent-directory/a", ENOENT).outcome == CSIEM_CONFIG);
}

TEST_CASE("rotation by size keeps batches whole and never replaces a file") {
  Directory dir;
  LogFile file(dir.path(), "a.jsonl", {.max_bytes = 10});
  for (const char* text : {"12345\n", "123\n", "abc\n", "0123456789abcdef\n", "z\n"}) CHECK(append(file, text) == "");
  CHECK(dir.list() == std::vector<std::string>{"a.jsonl", "a.jsonl.20260302T080000Z", "a.jsonl.20260302T080000Z-02",
                                               "a.jsonl.20260302T080000Z-03"});
  CHECK(dir.read("a.jsonl.20260302T080000Z") == "12345\n123\n");
  CHECK(dir.read("a.jsonl.20260302T080000Z-02") == "abc\n");
  CHECK(dir.read("a.jsonl.20260302T080000Z-03") == "0123456789abcdef\n");
  CHECK(dir.read("a.jsonl") == "z\n");
}

TEST_CASE("rotation by age counts from the file's beginning, with and without further writes") {
  Directory dir;
  LogFile file(dir.path(), "a", {.max_age_ns = 60 * kSecond});
  CHECK(append(file, "one\n", kNow) == "");
  CHECK(append(file, "two\n", kNow + 59 * kSecond) == "");
  CHECK(append(file, "three\n", kNow + 60 * kSecond) == "");
  CHECK(dir.read("a.20260302T080100Z") == "one\ntwo\n");
  Notes notes;
  CHECK_FALSE(file.rotate_if_old(kNow + 119 * kSecond, notes));
  CHECK_FALSE(notes.rotated);
  CHECK_FALSE(file.rotate_if_old(kNow + 120 * kSecond, notes));
  CHECK(notes.rotated);
  CHECK(notes.rotated_name == "a.20260302T080200Z");
  CHECK(dir.read("a") == "");
  Notes empty;
  CHECK_FALSE(file.rotate_if_old(kNow + 999 * kSecond, empty));
  CHECK_FALSE(empty.rotated);  // nothing in it
}

TEST_CASE("rotation by others is noticed: rename, removal, copy and truncate") {
  Directory dir;
  LogFile file(dir.path(), "a", {});
  CHECK(append(file, "one\n") == "");
  std::filesystem::rename(dir.path("a"), dir.path("a.1"));
  Notes renamed;
  CHECK(append(file, "two\n", renamed) == "");
  CHECK(renamed.reopened);
  CHECK(dir.read("a.1") == "one\n");
  CHECK(dir.read("a") == "two\n");
  std::filesystem::remove(dir.path("a"));
  Notes removed;
  CHECK(append(file, "three\n", removed) == "");
  CHECK(removed.reopened);
  CHECK(dir.read("a") == "three\n");
  std::filesystem::resize_file(dir.path("a"), 0);
  Notes truncated;
  CHECK(append(file, "four\n", truncated) == "");
  CHECK_FALSE(truncated.reopened);
  CHECK(dir.read("a") == "four\n");
}

TEST_CASE("rotated files are recognised by their stamp only") {
  CHECK(rotated_stamp("a.20260302T080000Z", "a") == "20260302T080000Z");
  CHECK(rotated_stamp("a.20260302T080000Z-02.gz", "a") == "20260302T080000Z-02");
  CHECK(rotated_stamp("a.20260302T080000Z.gz.tmp", "a") == "20260302T080000Z");
  for (const char* other : {"a", "a.1", "a.gz", "ab.20260302T080000Z", "a.20260302T080000Z.bak", "a.2026030xT080000Z",
                            "a.20260302T080000Z-"}) {
    INFO(other);
    CHECK(rotated_stamp(other, "a").empty());
  }
}

TEST_CASE("the housekeeper compresses, prunes and finishes what a crash left") {
  Directory dir;
  dir.write("a", "now\n");
  dir.write("a.20260101T000000Z.gz", "oldest");
  dir.write("a.20260102T000000Z", "older\n");
  dir.write("a.20260103T000000Z", "old\n");
  dir.write("a.20260103T000000Z.gz.tmp", "half");
  dir.write("a.notes", "not ours");
  std::string complaints;
  {
    Housekeeper housekeeper({.gzip = true, .keep = 2}, [&](std::string_view what) { complaints += what; });
    housekeeper.tidy(dir.path(), "a");
    for (int i = 0; i < 500 && !(dir.exists("a.20260103T000000Z.gz") && !dir.exists("a.20260103T000000Z")); ++i)
      std::this_thread::sleep_for(std::chrono::milliseconds(10));
  }
  CHECK(complaints == "");
  CHECK(dir.list() == std::vector<std::string>{"a", "a.20260102T000000Z.gz", "a.20260103T000000Z.gz", "a.notes"});
  CHECK(unzipped(dir.path("a.20260102T000000Z.gz")) == "older\n");
  CHECK(unzipped(dir.path("a.20260103T000000Z.gz")) == "old\n");
}

TEST_CASE("compression that is given up leaves the source; what stands in the way is an error") {
  Directory dir;
  dir.write("a", std::string(1'000'000, 'x'));
  CHECK(gzip_file(dir.path("a"), dir.path("b"), [] { return true; }) == ECANCELED);
  CHECK(dir.read("a").size() == 1'000'000);
  dir.write("c", "there");
  CHECK(gzip_file(dir.path("a"), dir.path("c"), [] { return false; }) == EEXIST);
  CHECK(gzip_file(dir.path("none"), dir.path("d"), [] { return false; }) == ENOENT);
  chmod(dir.path("a").c_str(), 0640);
  CHECK(gzip_file(dir.path("a"), dir.path("e"), [] { return false; }) == 0);
  struct stat st {};
  stat(dir.path("e").c_str(), &st);
  CHECK((st.st_mode & 0777) == 0640);
}

TEST_CASE("standard output: everything arrives, a reader that stops or goes is an error with what was taken") {
  int ends[2];
  REQUIRE(pipe2(ends, O_CLOEXEC) == 0);
  Descriptor reader(ends[0]), writer(ends[1]);
  StandardOutput out(writer.get(), 500);
  const std::string body(100'000, 'x');
  std::string got;
  std::thread reading([&] {
    char block[8192];
    while (got.size() < 2 * body.size() + 2) {
      const ssize_t n = read(reader.get(), block, sizeof block);
      if (n <= 0) break;
      got.append(block, static_cast<std::size_t>(n));
    }
  });
  const auto lines = [&] {
    static char line_feed = '\n';
    return std::vector<iovec>{{const_cast<char*>(body.data()), body.size()}, {&line_feed, 1}};
  };
  uint64_t written = 0;
  for (int i = 0; i < 2; ++i) {
    auto parts = lines();
    CHECK_FALSE(out.write(parts, written));
    CHECK(written == body.size() + 1);
  }
  reading.join();
  CHECK(got == body + "\n" + body + "\n");

  auto stuck = lines();  // nobody reads: more than a pipe holds
  const auto failure = out.write(stuck, written);
  REQUIRE(failure);
  CHECK(failure->outcome == CSIEM_RETRY);
  CHECK(written < body.size());
  std::string head(written, '\0');
  for (std::size_t at = 0; at < head.size();)
    at += static_cast<std::size_t>(read(reader.get(), &head[at], head.size() - at));
  std::string next = "next\n";
  iovec part{next.data(), next.size()};
  CHECK_FALSE(out.write({&part, 1}, written));
  char after[16] = {};
  CHECK(read(reader.get(), after, 1) == 1);  // the cut line is ended
  CHECK(read(reader.get(), after + 1, 5) == 5);
  CHECK(std::string(after) == "\nnext\n");

  reader.reset();
  next = "gone\n";
  iovec gone{next.data(), next.size()};
  const auto broken = out.write({&gone, 1}, written);
  REQUIRE(broken);
  CHECK(broken->code == "EPIPE");
  CHECK(broken->outcome == CSIEM_RETRY);
}
