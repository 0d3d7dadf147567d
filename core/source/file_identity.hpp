// What tells one file from another, and one content from another.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <sys/stat.h>

#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "base/sha256.hpp"

namespace csiem::source {

struct FileId {
  uint64_t device = 0, inode = 0;
  friend bool operator==(const FileId&, const FileId&) = default;
};
FileId id_of(const struct stat& st);

// What changes when somebody writes.
struct FileStamp {
  uint64_t size = 0;
  int64_t modified_ns = 0;
  friend bool operator==(const FileStamp&, const FileStamp&) = default;
};
FileStamp stamp_of(const struct stat& st);

// SHA-256 of the first `length` bytes: at most 1024, less while less was consumed. Only consumed bytes count, because
// the others may still change.
struct Fingerprint {
  static constexpr uint64_t kBytes = 1024;
  uint64_t length = 0;
  Sha256Digest digest{};
  friend bool operator==(const Fingerprint&, const Fingerprint&) = default;
};
std::optional<Fingerprint> fingerprint_of(int fd, uint64_t consumed);
// The file begins with what the fingerprint was taken of. A fingerprint of nothing matches every file.
bool begins_with(int fd, const Fingerprint& fingerprint);

// Proof of what stood in a file just before a position: the first 16 bytes of the SHA-256 of [start, end), which is the
// line that ends at `end`, or the newest part of a long one.
struct Mark {
  uint64_t start = 0, end = 0;
  uint64_t next_line = 0;  // number of the line behind it, 0 when not known
  std::array<uint8_t, 16> hash{};
  friend bool operator==(const Mark&, const Mark&) = default;
};
Mark make_mark(uint64_t end, std::string_view bytes, uint64_t next_line);
// The same bytes are still at their place.
bool holds(int fd, const Mark& mark);

// Reads exactly out.size() bytes; false when the file is shorter or cannot be read.
bool read_exactly(int fd, uint64_t offset, std::span<char> out);

// The marks of one file, oldest first. Bounded: when it is full the older half is thinned out, so that some proof of
// the far past is always left.
class MarkList {
 public:
  static constexpr std::size_t kMost = 1024;
  void add(const Mark& mark);
  // Forgets the marks behind `end`.
  void cut_behind(uint64_t end);
  void clear() { marks_.clear(); }
  bool empty() const noexcept { return marks_.empty(); }
  const Mark& newest() const { return marks_.back(); }
  std::span<const Mark> all() const noexcept { return marks_; }
  // The newest mark that holds in this file of `size` bytes.
  std::optional<Mark> longest_prefix(int fd, uint64_t size) const;

 private:
  std::vector<Mark> marks_;
};

}  // namespace csiem::source
