// A temporary directory and batches of numbered events.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <unistd.h>

#include <array>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <memory>
#include <sstream>
#include <string>
#include <string_view>
#include <vector>

#include "event/batch.hpp"
#include "store/store.hpp"

namespace csiem::test {

class TemporaryDirectory {
 public:
  TemporaryDirectory() {
    // In memory where that is possible: what is tested is order and content, not the speed of a disk.
    const std::filesystem::path memory = "/dev/shm";
    const bool use_memory = ::access(memory.c_str(), W_OK) == 0;
    std::string pattern = ((use_memory ? memory : std::filesystem::temp_directory_path()) / "csiem-XXXXXX").string();
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

inline std::shared_ptr<event::EventBatch> make_batch(std::size_t events) {
  event::BatchBuilder builder(event::BatchPool::create());
  for (std::size_t i = 0; i < events; ++i) builder.add();
  return builder.seal(0);
}

inline std::array<uint64_t, 4> delivered(uint64_t n) { return {n, 0, 0, 0}; }

inline std::string slurp(const std::string& path) {
  std::ifstream in(path);
  std::ostringstream out;
  out << in.rdbuf();
  return out.str();
}

inline std::vector<std::string> lines_of(const std::string& path) {
  std::vector<std::string> out;
  std::ifstream in(path);
  for (std::string line; std::getline(in, line);) out.push_back(line);
  return out;
}

inline std::unique_ptr<store::Store> open_store(const std::string& directory) {
  auto opened = store::open_holdback_store({.directory = directory, .checkpoint_interval_ms = 1});
  if (!opened) std::abort();
  return *std::move(opened);
}

// What another process would find after a kill: a copy of the directory as it is on disk now.
inline std::string durable_checkpoint(const std::string& directory, const std::string& source) {
  TemporaryDirectory copy;
  std::error_code ignored;
  std::filesystem::copy_file(directory + "/checkpoints.json", copy / "checkpoints.json", ignored);
  return open_store(copy.path())->checkpoint(source);
}

}  // namespace csiem::test
