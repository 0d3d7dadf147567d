// Rotated files: their names, their number, their compression in the background.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <sys/types.h>
#include <sys/uio.h>

#include <condition_variable>
#include <cstdint>
#include <deque>
#include <functional>
#include <mutex>
#include <span>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

namespace csiem::file {

// open() that is not disturbed by signals.
int open_retry(int directory, const char* name, int flags, mode_t mode = 0);
// What is left to write after `written` bytes of it were.
std::span<iovec> consume(std::span<iovec> parts, std::size_t written);

// NAME.20260302T080000Z, with -02, -03 ... when several fall into one second. Never replaces a file. Returns an errno,
// 0 when it worked; `rotated` is the new name.
int rename_with_stamp(int directory, const std::string& name, int64_t now_unix_ns, std::string& rotated);
// The stamp part when `candidate` is a rotated file of `name`, compressed or not; else empty.
std::string_view rotated_stamp(std::string_view candidate, std::string_view name);

// Compresses and prunes on a thread of its own. After a stop in the middle nothing is lost: the uncompressed file is
// still there and is found by the next job for its path.
class Housekeeper {
 public:
  struct Settings {
    bool gzip = false;
    std::size_t keep = 0;  // 0: all
  };
  // `complain` gets what could not be done; it is called on the housekeeper's thread.
  Housekeeper(Settings settings, std::function<void(std::string_view)> complain);
  ~Housekeeper() { stop(); }
  Housekeeper(const Housekeeper&) = delete;
  Housekeeper& operator=(const Housekeeper&) = delete;

  // All rotated files of one path want to be looked at. Any thread.
  void tidy(const std::string& directory, const std::string& name);
  // Gives up what is being compressed and joins.
  void stop();

 private:
  struct Job {
    std::string directory, name;
  };
  void run();
  void work(const Job& job);
  void prune(const Job& job, std::vector<std::string>& rotated);
  void compress(const Job& job, const std::string& rotated);
  bool stopping();

  Settings settings_;
  std::function<void(std::string_view)> complain_;
  std::mutex mutex_;  // guards the next three
  std::condition_variable changed_;
  std::deque<Job> jobs_;
  bool stopping_ = false;
  std::thread thread_;  // started with the first job
};

}  // namespace csiem::file
