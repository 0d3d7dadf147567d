// Where bytes come from. A source knows lines and positions, nothing of events.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.hpp"

namespace csiem::source {

// Whole lines that were read in one go.
struct LineBlock {
  // Lines, each ended by '\n'. Valid until the next call of read(). When `tail` is set it is one line without '\n'.
  // Empty when the block carries a checkpoint only: where a new source started, so that a crash before the first line
  // does not move the start.
  std::string_view bytes;
  uint64_t offset = 0;      // of bytes[0] in its file or stream
  uint64_t first_line = 0;  // 1-based number of the first line since the source was opened at 0; 0 when not known
  // The line is longer than the limit: `bytes` holds its first 4 KiB, the rest was skipped.
  bool oversize = false;
  // A last line without '\n': `final` will never be completed (rotated away, end of standard input), `speculative`
  // may be (run --once at the end of a file): take it only if it parses, and forget the checkpoint otherwise.
  enum class Tail { none, final, speculative } tail = Tail::none;
  // Opaque to everybody else: hand it to a later run to go on behind this block. JSON text; empty when the source
  // cannot go back (standard input).
  std::string checkpoint;
};

enum class State {
  waiting,   // nothing to read now (missing file, end of file)
  readable,  // read() has something
  ended,     // end of standard input: nothing will ever come
  failed     // cannot be read; retried by itself; problem() says why
};

// Driven by the ingest thread; every call comes from there.
class Source {
 public:
  virtual ~Source() = default;
  virtual const std::string& id() const = 0;

  // The next block, at most about `max_bytes` (a longer single line comes alone), or nothing for now.
  virtual std::optional<LineBlock> read(std::size_t max_bytes) = 0;
  virtual State state() const = 0;
  // In words, with the path; empty when all is well.
  virtual std::string problem() const = 0;
  virtual int problem_code() const = 0;  // of messages.def, 0 when all is well
};

// What a source needs from its surroundings: wake-ups. Implemented on the ingest thread's loop.
class Waker {
 public:
  virtual ~Waker() = default;
  // Calls `readable` on the ingest thread whenever `fd` can be read, until forget(fd), which `readable` may call.
  virtual void watch(int fd, std::function<void()> readable) = 0;
  virtual void forget(int fd) = 0;
  // Calls `due` once on the ingest thread after the delay.
  virtual void after_ms(uint32_t delay_ms, std::function<void()> due) = 0;
  // The source has something to read: ask it soon.
  virtual void wake() = 0;
};

struct FileOptions {
  std::string id;
  std::string path;
  enum class Start { checkpoint, beginning, end } start = Start::checkpoint;
  // Where a file starts that has no checkpoint and is there at the first look. A file that appears later starts at 0.
  bool first_start_at_end = true;
  std::string checkpoint;  // from an earlier run, or empty
  bool take_tail = false;  // run --once: hand out an unterminated last line as speculative
  std::size_t max_line_bytes = 4 * 1024 * 1024;
  uint32_t poll_ms = 1000;
  uint32_t rotation_grace_ms = 5000;
  uint32_t shrink_grace_ms = 2000;
};
// Follows a file as events.md D.2 says. Fails only for wrong options: a missing or unreadable file is a state.
Result<std::unique_ptr<Source>> follow_file(FileOptions options, Waker& waker);

struct StdinOptions {
  std::string id;
  int fd = 0;
  std::size_t max_line_bytes = 4 * 1024 * 1024;
};
Result<std::unique_ptr<Source>> read_stdin(StdinOptions options, Waker& waker);

}  // namespace csiem::source
