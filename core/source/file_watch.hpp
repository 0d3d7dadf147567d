// Tells that something happened to a file or to the directory in which it is or will be.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <string>

#include "base/fd.hpp"
#include "source/file_identity.hpp"
#include "source/source.hpp"

namespace csiem::source {

// inotify. It only hastens things: whoever uses it must look by a timer as well, because network file systems do not
// notify and because the kernel's watches are limited (CS4505, logged once). Ingest thread.
class FileWatch {
 public:
  // `changed` is called on the ingest thread; never after the destruction.
  FileWatch(Waker& waker, std::string source_id, std::function<void()> changed);
  ~FileWatch();
  FileWatch(const FileWatch&) = delete;
  FileWatch& operator=(const FileWatch&) = delete;

  // Watches the directory of `path`, or its nearest parent that exists. Cheap when nothing changed: call it often.
  void aim(const std::string& path);
  // Watches an open file wherever it is renamed to; -1 when that is not possible.
  int add(int fd);
  void remove(int watch);

 private:
  void drain();
  void unavailable(const std::string& what);

  Waker& waker_;
  std::string source_id_;
  std::function<void()> changed_;
  Fd inotify_;
  bool told_ = false;
  int directory_watch_ = -1;
  FileId directory_;
  std::string base_name_;  // the only name of interest; empty while a parent is watched
};

}  // namespace csiem::source
