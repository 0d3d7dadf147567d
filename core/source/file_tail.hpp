// Following one file through appends, rewrites, truncation and rotation (events.md D.2).
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/buffer.hpp"
#include "base/fd.hpp"
#include "source/checkpoint.hpp"
#include "source/file_watch.hpp"
#include "source/line_splitter.hpp"
#include "source/rotated_files.hpp"
#include "source/source.hpp"

namespace csiem::source {

// A chain of files: `current_` is read at `position_`; `successors_` are the files that took its path since, oldest
// first, the last one being the file at the path. Without a successor the current file is the one at the path (or was
// the last one there). In four parts: file_tail.cpp reads, file_look.cpp notices what happened to the files,
// file_find.cpp finds the file of a stored position, file_recover.cpp finds the place in a rewritten file.
class FileTail final : public Source {
 public:
  FileTail(FileOptions options, Waker& waker);
  ~FileTail() override;

  const std::string& id() const override { return options_.id; }
  std::optional<LineBlock> read(std::size_t max_bytes) override;
  State state() const override;
  std::string problem() const override { return problem_; }
  int problem_code() const override { return problem_code_; }

 private:
  struct OpenFile {
    Fd fd;
    FileId id;
    int watch = -1;
    // While it waits for its turn: what it looked like and for how long.
    FileStamp stamp{};
    uint32_t idle_ms = 0;
  };
  struct Opened {
    std::optional<OpenFile> file;
    int error = 0;        // errno, 0 with `why` when it is not a regular file
    std::string problem;  // in words, with the path
    bool missing() const;
  };
  enum class Mode {
    following,
    shrunk  // smaller than what was read of it: being rewritten, or truncated
  };

  // file_tail.cpp
  bool fill(std::size_t max_bytes);
  std::optional<LineBlock> at_end();
  LineBlock block(const LineSplitter::Piece& piece, LineBlock::Tail tail);
  void add_marks(const LineSplitter::Piece& piece);
  LineBlock announcement();
  void start_at_end();
  void read_failed(int error);

  // file_look.cpp
  void look();
  void look_at_path();
  void look_at_current();
  void follow_new_file(OpenFile at_path);
  std::vector<OpenFile> files_between(const FileId& at_path) const;
  bool is_known(const FileId& id) const;
  bool may_leave() const;
  void leave();
  void age_successors(uint32_t elapsed_ms);
  void enter_shrunk();
  void on_notify();
  void on_tick(uint32_t elapsed_ms);
  void arm(uint32_t delay_ms);
  uint32_t next_delay() const;
  void set_problem(int code, const std::string& text);
  void clear_problem();
  uint64_t reach() const { return splitter_.position(); }

  // file_find.cpp
  Opened open_file(const std::string& path) const;
  void find_file();
  void find_by_position(Opened at_path);
  bool continues(int fd, uint64_t size) const;
  std::optional<OpenFile> open_rotated(const RotatedFile& file) const;
  void adopt(OpenFile file);
  void begin(OpenFile file);
  void enqueue(OpenFile file);

  // file_recover.cpp
  bool content_is_ours() const;
  void recover();
  void relocate(uint64_t size);
  bool resume_in_copy(bool& explained);
  void restart(uint64_t size);

  FileOptions options_;
  Waker& waker_;
  std::shared_ptr<int> alive_ = std::make_shared<int>(0);
  std::unique_ptr<FileWatch> watch_;

  std::optional<OpenFile> current_;
  std::deque<OpenFile> successors_;
  std::vector<Position> finished_;  // files that were left, in case they come back (a symlink that swings)
  Position position_;               // in current_; without one the place to go on from
  bool has_position_ = false;
  bool first_look_ = true;
  bool unsettled_start_ = false;  // the stored position was not yet found to match
  // At 0 after a truncation, the marks still being those of the old content: a slow rewriter may bring it back.
  bool unproven_ = false;
  bool is_copy_ = false;    // current_ is what copy-truncate left: nobody writes to it
  bool leave_now_ = false;  // current_ was rotated away and then damaged

  LineSplitter splitter_;
  bool buffered_ = false;     // the splitter may hold whole lines
  bool reached_end_ = false;  // the newest read came to the end of the file
  Mode mode_ = Mode::following;
  FileStamp seen_;
  bool forced_ = false;   // look even if the stamp says that nothing changed
  bool recheck_ = false;  // something changed lately: look once more, since a time stamp has a coarse grain
  bool readable_ = false;
  bool announce_ = false;
  bool tail_taken_ = false;
  uint32_t idle_ms_ = 0, shrunk_ms_ = 0;

  uint64_t timer_generation_ = 0;
  uint32_t armed_ms_ = 0;
  std::string problem_;
  int problem_code_ = 0;
  Buffer scratch_;
};

}  // namespace csiem::source
