// A listening Unix socket with its name in the file system.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <sys/types.h>

#include <string>

#include "base/fd.hpp"
#include "base/result.hpp"

namespace csiem::admin {

// Owns the name: nobody else can take it while this lives, and it is removed at the end. A lock beside it, which the
// kernel lets go when the process dies, tells a name that was left behind from one in use.
class SocketFile {
 public:
  // Listens on `path` with permissions `mode`; the directory is made when it is missing. A socket that was left behind
  // is replaced, one in use is refused with CS8001; other trouble, also a path that is no socket, is CS8002.
  static Result<SocketFile> open(const std::string& path, unsigned mode);
  SocketFile(SocketFile&&) = default;
  SocketFile& operator=(SocketFile&&) = delete;
  ~SocketFile();

  const std::string& path() const noexcept { return path_; }
  // The listening descriptor, once: the caller owns it from then on.
  Fd take_listener() noexcept { return std::move(listener_); }

 private:
  SocketFile(std::string path, Fd lock) : path_(std::move(path)), lock_(std::move(lock)) {}
  Result<void> clear_path() const;
  Result<void> listen(unsigned mode);

  std::string path_;
  Fd lock_, listener_;
  dev_t device_ = 0;  // of the name; together 0 while it is not ours
  ino_t inode_ = 0;
};

}  // namespace csiem::admin
