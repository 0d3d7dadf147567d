// The files that are open, the least recently used one closed when there are too many.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <list>
#include <string>
#include <string_view>
#include <unordered_map>

#include "file/log_file.hpp"

namespace csiem::file {

class FileSet {
 public:
  // `opened` is told of each file before its first use, `closing` before it goes.
  FileSet(std::string root, FileSettings settings, std::size_t max_open, std::function<void(const LogFile&)> opened,
          std::function<void(LogFile&)> closing)
      : root_(std::move(root)),
        settings_(settings),
        max_open_(max_open),
        opened_(std::move(opened)),
        closing_(std::move(closing)) {}

  // Good until the next get().
  LogFile& get(const std::string& below_root) {
    if (const auto found = by_path_.find(below_root); found != by_path_.end()) {
      files_.splice(files_.begin(), files_, found->second);
      return files_.front();
    }
    if (files_.size() >= max_open_) {
      closing_(files_.back());
      by_path_.erase(files_.back().path().substr(root_.size()));
      files_.pop_back();
    }
    files_.emplace_front(root_, below_root, settings_);
    by_path_.emplace(below_root, files_.begin());
    opened_(files_.front());
    return files_.front();
  }
  std::list<LogFile>& all() { return files_; }

 private:
  std::string root_;
  FileSettings settings_;
  std::size_t max_open_;
  std::function<void(const LogFile&)> opened_;
  std::function<void(LogFile&)> closing_;
  std::list<LogFile> files_;  // most recently used first
  std::unordered_map<std::string, std::list<LogFile>::iterator> by_path_;
};

}  // namespace csiem::file
