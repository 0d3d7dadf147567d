// File descriptors and small-file access.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <utility>

#include "base/result.hpp"

namespace csiem {

// Owns one descriptor.
class Fd {
 public:
  Fd() = default;
  explicit Fd(int fd) noexcept : fd_(fd) {}
  Fd(Fd&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  Fd& operator=(Fd&& other) noexcept {
    if (this != &other) {
      reset();
      fd_ = std::exchange(other.fd_, -1);
    }
    return *this;
  }
  ~Fd() { reset(); }
  int get() const noexcept { return fd_; }
  int release() noexcept { return std::exchange(fd_, -1); }
  explicit operator bool() const noexcept { return fd_ >= 0; }
  void reset() noexcept;

 private:
  int fd_ = -1;
};

// "permission denied (errno 13)".
std::string errno_text(int error);

// The whole file, which may hold at most `max_bytes`. A FIFO is given 5 s for its writer, and for each further piece.
Result<std::string> read_file(const std::string& path, std::size_t max_bytes);

// All of `bytes`, going on after short writes and interruptions.
Result<void> write_all(int fd, std::string_view bytes, const std::string& path_for_errors);

// Replaces `path` so that a crash at any moment leaves the old or the new content: temporary file in the same
// directory, sync, rename, sync of the directory. `mode` is the permission of the new file.
Result<void> replace_file(const std::string& path, std::string_view bytes, unsigned mode);

// Creates the directory and its missing parents, each with `mode`.
Result<void> make_directories(const std::string& path, unsigned mode);

}  // namespace csiem
