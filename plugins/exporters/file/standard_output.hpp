// Lines to standard output, without hanging on a reader that has stopped reading.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <sys/uio.h>

#include <chrono>
#include <cstdint>
#include <optional>
#include <span>

#include "file/failure.hpp"

namespace csiem::file {

// One thread. The descriptor is not owned and not changed.
class StandardOutput {
 public:
  // A write gives up after `patience_ms`: whoever cancels the batch waits for it.
  explicit StandardOutput(int fd = 1, int patience_ms = 3000) : fd_(fd), patience_ms_(patience_ms) {}

  // Writes `parts`, which are used up; `written` counts what was taken, also on failure. A line that was cut by an
  // earlier failure is ended first, so that the next one stands alone.
  std::optional<Failure> write(std::span<iovec> parts, uint64_t& written);

 private:
  std::optional<Failure> write_some(std::span<iovec>& parts, uint64_t& written);

  int fd_, patience_ms_;
  std::chrono::steady_clock::time_point deadline_{};  // of the write that is going on
  bool mid_line_ = false;
};

}  // namespace csiem::file
