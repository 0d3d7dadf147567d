// A temporary directory, a hand-driven Waker and a reader that collects lines.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <fcntl.h>
#include <poll.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "source/source.hpp"

namespace csiem::test {

class TemporaryDirectory {
 public:
  TemporaryDirectory() {
    std::string pattern = (std::filesystem::temp_directory_path() / "csiem-XXXXXX").string();
    if (::mkdtemp(pattern.data()) == nullptr) std::abort();
    path_ = pattern;
  }
  ~TemporaryDirectory() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  TemporaryDirectory(const TemporaryDirectory&) = delete;
  TemporaryDirectory& operator=(const TemporaryDirectory&) = delete;
  const std::string& path() const { return path_; }
  std::string operator/(std::string_view name) const { return path_ + "/" + std::string(name); }

 private:
  std::string path_;
};

inline void write_file(const std::string& path, std::string_view bytes, int flags) {
  const int fd = ::open(path.c_str(), O_WRONLY | O_CREAT | O_CLOEXEC | flags, 0666);
  if (fd < 0 || ::write(fd, bytes.data(), bytes.size()) != static_cast<ssize_t>(bytes.size())) std::abort();
  ::close(fd);
}
inline void append(const std::string& path, std::string_view bytes) { write_file(path, bytes, O_APPEND); }
// As the OpenClaw store does it: the same inode, the whole content again.
inline void rewrite(const std::string& path, std::string_view bytes) { write_file(path, bytes, O_TRUNC); }

// Time passes only in pass(); descriptors are looked at only in poll().
class ManualWaker final : public source::Waker {
 public:
  void watch(int fd, std::function<void()> readable) override { watched_[fd] = std::move(readable); }
  void forget(int fd) override { watched_.erase(fd); }
  void after_ms(uint32_t delay, std::function<void()> due) override { timers_.emplace(now_ + delay, std::move(due)); }
  void wake() override { ++wakes; }

  // Delivers what the kernel has to tell.
  void poll() {
    if (deaf) return;
    std::vector<pollfd> fds;
    for (const auto& [fd, ignored] : watched_) fds.push_back({fd, POLLIN, 0});
    if (fds.empty() || ::poll(fds.data(), fds.size(), 0) <= 0) return;
    for (const pollfd& one : fds)
      if (one.revents != 0)
        if (const auto at = watched_.find(one.fd); at != watched_.end()) {
          const auto call = at->second;
          call();
        }
  }
  void pass(uint32_t ms) {
    const uint64_t end = now_ + ms;
    while (!timers_.empty() && timers_.begin()->first <= end) {
      now_ = timers_.begin()->first;
      const auto due = std::move(timers_.begin()->second);
      timers_.erase(timers_.begin());
      due();
      poll();
    }
    now_ = end;
  }
  bool watching(int fd) const { return watched_.count(fd) != 0; }
  std::size_t watched() const { return watched_.size(); }

  int wakes = 0;
  bool deaf = false;  // as on a file system that does not notify

 private:
  std::map<int, std::function<void()>> watched_;
  std::multimap<uint64_t, std::function<void()>> timers_;
  uint64_t now_ = 0;
};

// What came out of a source, line by line.
struct Collected {
  std::vector<std::string> lines;  // without line feeds
  std::vector<uint64_t> offsets, numbers;
  std::vector<std::string> oversize, final_tails, speculative;
  std::string checkpoint;
  int blocks = 0;
};

inline void collect(source::Source& from, Collected& into, std::size_t max_bytes = 256 * 1024) {
  while (from.state() == source::State::readable) {
    const auto block = from.read(max_bytes);
    if (!block) continue;
    ++into.blocks;
    into.checkpoint = block->checkpoint;
    if (block->oversize) {
      into.oversize.emplace_back(block->bytes);
      continue;
    }
    if (block->tail != source::LineBlock::Tail::none) {
      (block->tail == source::LineBlock::Tail::final ? into.final_tails : into.speculative).emplace_back(block->bytes);
      continue;
    }
    uint64_t offset = block->offset, number = block->first_line;
    std::string_view rest = block->bytes;
    while (!rest.empty()) {
      const auto feed = rest.find('\n');
      into.lines.emplace_back(rest.substr(0, feed));
      into.offsets.push_back(offset);
      into.numbers.push_back(number == 0 ? 0 : number++);
      offset += feed + 1;
      rest.remove_prefix(feed + 1);
    }
  }
}

using Lines = std::vector<std::string>;

// One source on one file, driven by hand.
class Bench {
 public:
  explicit Bench(const std::string& path) {
    options.id = "audit", options.path = path, options.first_start_at_end = false;
  }

  void start(std::string checkpoint = {}) {
    options.checkpoint = std::move(checkpoint);
    source.reset();
    auto opened = source::follow_file(options, waker);
    if (!opened) std::abort();
    source = *std::move(opened);
    collect(*source, got, max_bytes);
  }
  // A new process: only the checkpoint is left.
  void restart() { start(got.checkpoint); }
  // What a notification brings, with no time passing.
  void notice() {
    waker.poll();
    collect(*source, got, max_bytes);
  }
  void pass(uint32_t ms) {
    for (uint32_t step = 0; step < ms; step += 50) {
      waker.pass(50);
      collect(*source, got, max_bytes);
    }
  }
  // Everything since the last call.
  Lines take() { return std::exchange(got.lines, {}); }

  source::FileOptions options;
  ManualWaker waker;
  std::unique_ptr<source::Source> source;
  Collected got;
  std::size_t max_bytes = 256 * 1024;
};

}  // namespace csiem::test

namespace doctest {
template <>
struct StringMaker<std::vector<std::string>> {
  static String convert(const std::vector<std::string>& lines) {
    std::string out = "[";
    for (const auto& line : lines) out += (out.size() > 1 ? " | " : "") + line.substr(0, 60);
    return (out + "]").c_str();
  }
};
}  // namespace doctest
