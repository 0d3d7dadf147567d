// One file of lines: opened safely, appended batch-wise, renamed when its time has come.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <sys/types.h>
#include <sys/uio.h>

#include <cstdint>
#include <optional>
#include <span>
#include <string>

#include "file/failure.hpp"

namespace csiem::file {

struct FileSettings {
  mode_t mode = 0640;
  uint64_t max_bytes = 0;  // 0: no limit
  int64_t max_age_ns = 0;  // 0: no limit
  bool sync_on_rotate = true;
};

// Owns a descriptor; -1 when there is none.
class Descriptor {
 public:
  Descriptor() = default;
  explicit Descriptor(int fd) noexcept : fd_(fd) {}
  Descriptor(Descriptor&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  Descriptor& operator=(Descriptor&& other) noexcept {
    reset(std::exchange(other.fd_, -1));
    return *this;
  }
  ~Descriptor() { reset(); }
  void reset(int fd = -1) noexcept;
  int get() const noexcept { return fd_; }
  explicit operator bool() const noexcept { return fd_ >= 0; }

 private:
  int fd_ = -1;
};

// What happened on the way that the operator or a metric wants to know.
struct Notes {
  uint64_t partial_bytes = 0;  // of a cut last line that was taken off
  bool partial = false, reopened = false, rotated = false;
  std::string rotated_name;  // in the file's directory
};

// Writes whole batches or nothing: what a failed write left behind is taken off again. One thread.
class LogFile {
 public:
  // `root` ends in '/', exists, and is the operator's own; directories in `below_root` are created and must not be
  // symbolic links.
  LogFile(std::string root, std::string below_root, FileSettings settings);

  // Everything of `parts`, which is used up. Opens, notices rotation by others and rotates before it writes.
  std::optional<Failure> append(std::span<iovec> parts, uint64_t bytes, int64_t now_unix_ns, Notes& notes);
  // Forces what was written to the disk. Nothing to do when nothing was.
  std::optional<Failure> sync();
  // Rotates a file whose age has come.
  std::optional<Failure> rotate_if_old(int64_t now_unix_ns, Notes& notes);
  // Gives back what append() wrote last, when it could not be synced and will come again.
  void take_back();

  bool dirty() const noexcept { return dirty_; }
  bool open() const noexcept { return static_cast<bool>(file_); }
  const std::string& path() const noexcept { return path_; }
  const std::string& name() const noexcept { return name_; }
  std::string directory() const { return path_.substr(0, path_.size() - name_.size()); }

 private:
  std::optional<Failure> open_directory();
  std::optional<Failure> open_file(int64_t now_unix_ns, Notes& notes);
  std::optional<Failure> adopt(Notes& notes);
  std::optional<Failure> heal(Notes& notes);
  std::optional<Failure> rotate(int64_t now_unix_ns, Notes& notes);
  bool still_there();
  bool too_old(int64_t now_unix_ns) const;
  Failure failed(const char* what, int error) const { return describe(what, path_, error); }

  std::string root_, below_root_, path_, name_;
  FileSettings settings_;
  Descriptor directory_, file_;
  dev_t device_ = 0;
  ino_t inode_ = 0;
  uint64_t size_ = 0, size_before_append_ = 0;
  int64_t begun_unix_ns_ = 0;
  bool dirty_ = false;
};

}  // namespace csiem::file
