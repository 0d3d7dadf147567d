// The thread that makes dead letters, quarantined lines and checkpoints durable, in this order.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <condition_variable>
#include <cstdint>
#include <functional>
#include <map>
#include <mutex>
#include <string>
#include <thread>

#include "base/result.hpp"
#include "store/data_directory.hpp"

namespace csiem::store {

// What was given to it before a checkpoint is durable before that checkpoint is. Nothing is lost when the disk fails:
// it is kept in memory and tried again every second. Every method may be called from any thread and returns at once,
// flush() excepted.
class Writer {
 public:
  // `drained` is called on the writer's thread after waiting_bytes() fell.
  Writer(std::string directory, Checkpoints known, int64_t interval_ms, std::function<void()> drained);
  // Gives up what was not written, as a crash would.
  ~Writer();
  Writer(const Writer&) = delete;
  Writer& operator=(const Writer&) = delete;

  // One line for the file, which is relative to the directory.
  void append_line(const std::string& file, std::string_view line);
  void set_checkpoint(const std::string& source, std::string text);
  // Bytes of lines that are not durable.
  std::size_t waiting_bytes() const;
  // Tries once to write everything that was handed over before the call.
  Result<void> flush();

 private:
  // Lines to append, by file.
  using Lines = std::map<std::string, std::string>;

  void run();
  bool something_to_do() const { return waiting_bytes_ != 0 || checkpoints_changed_; }
  void write_round(std::unique_lock<std::mutex>& lock);
  void note(const Result<void>& result);

  const std::string directory_;
  const int64_t interval_ms_;
  const std::function<void()> drained_;

  mutable std::mutex mutex_;
  std::condition_variable work_, done_;
  Lines lines_;                    // not yet handed to a round
  std::size_t waiting_bytes_ = 0;  // in lines_ and in the round
  Checkpoints checkpoints_;
  bool checkpoints_changed_ = false;
  bool stopping_ = false;
  uint64_t flush_asked_ = 0, flush_done_ = 0;
  Result<void> last_result_;
  int reported_ = 0;  // message code of the trouble that was logged and still lasts
  std::thread thread_;
};

}  // namespace csiem::store
