// Whole lines from chunks of bytes, without looking at each line.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace csiem::source {

// Number of line feeds.
uint64_t count_lines(std::string_view bytes);

// Holds the bytes that were read and hands them out as blocks that end behind a line feed. One buffer, reused: the
// views it returns are good until the next space(). Leading runs of NUL (holes of a sparse file) are passed over, so
// that they never count as part of a long line. A line longer than the limit costs 4 KiB of memory, not its length.
class LineSplitter {
 public:
  static constexpr std::size_t kKeptOfOversize = 4096;

  explicit LineSplitter(std::size_t max_line_bytes) : max_line_(max_line_bytes) {}

  struct Piece {
    std::string_view bytes;   // whole lines, or the first 4 KiB of an oversize line
    uint64_t offset = 0;      // of bytes[0]
    uint64_t end = 0;         // of the first byte behind it (behind the line feed)
    uint64_t first_line = 0;  // 0 when not known
    uint64_t lines = 0;
    bool oversize = false;
    // The newest bytes of the last line including its line feed, at most kMarkBytes: [mark_start, end).
    std::string_view mark{};
    uint64_t mark_start() const noexcept { return end - mark.size(); }
  };
  static constexpr std::size_t kMarkBytes = 64 * 1024;

  // Forgets everything and goes on at this position of the stream. `next_line` 0: line numbers are not known.
  void reset(uint64_t offset, uint64_t next_line);
  // Room for at least `want` more bytes.
  std::span<char> space(std::size_t want);
  void filled(std::size_t n) { end_ += n; }

  // Whole lines, at most about `max_bytes`; a longer single line comes alone. Nothing when no line is complete.
  std::optional<Piece> take(std::size_t max_bytes);
  // What is left, a line without line feed. Nothing when nothing is left.
  std::optional<Piece> take_rest();
  // Forgets the incomplete line, to be read again from position(). A line that is being skipped stays skipped.
  void drop_pending();
  // Nothing but NUL bytes follows what was handed out.
  bool in_hole() const noexcept { return !skipping_ && begin_ == end_ && offset_ != line_start_; }
  // While in_hole(): goes on at a later offset.
  void leave_hole(uint64_t offset) { offset_ = offset; }

  bool skipping() const noexcept { return skipping_; }
  // Where the next byte must be read from.
  uint64_t read_offset() const noexcept { return offset_ + (end_ - begin_); }
  // Up to where bytes were handed out or skipped as part of an oversize line.
  uint64_t position() const noexcept { return skipping_ ? offset_ : line_start_; }
  uint64_t next_line() const noexcept { return next_line_; }
  std::size_t capacity() const noexcept { return capacity_; }

 private:
  void skip_nul();
  std::optional<Piece> finish_skipped();
  void start_skipping();
  Piece piece(std::size_t length);

  std::size_t max_line_;
  std::unique_ptr<char[]> bytes_;
  std::size_t capacity_ = 0;
  std::size_t begin_ = 0, end_ = 0;  // bytes_[begin_, end_) are not handed out
  std::size_t scanned_ = 0;          // bytes_[begin_, begin_ + scanned_) hold no line feed
  uint64_t offset_ = 0;              // of bytes_[begin_]
  uint64_t line_start_ = 0;          // end of what was handed out
  uint64_t next_line_ = 1;
  bool skipping_ = false;  // inside an oversize line that began at skip_start_
  uint64_t skip_start_ = 0;
  std::string head_;
};

}  // namespace csiem::source
