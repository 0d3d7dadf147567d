// Noticing what happened to the files: growth, rewriting, truncation, rotation, absence.
#include <algorithm>
#include <cerrno>
#include <utility>

#include "base/log.hpp"
#include "source/file_tail.hpp"

namespace csiem::source {
namespace {

// Rotations that may happen while an old file is still being read.
constexpr std::size_t kMostSuccessors = 64;
constexpr std::size_t kMostFinished = 8;
constexpr uint32_t kShrunkPollMs = 50;

bool has_data(int fd) {
  struct stat st {};
  return ::fstat(fd, &st) == 0 && st.st_size > 0;
}

}  // namespace

void FileTail::look() {
  if (!current_) find_file();
  if (!current_) return;
  look_at_path();
  look_at_current();
}

// Who is at the path now?
void FileTail::look_at_path() {
  struct stat st {};
  if (::stat(options_.path.c_str(), &st) != 0) {
    // The open file is read on: a renamed file is still written to until its writer opens the new one.
    if (errno == ENOENT || errno == ENOTDIR) return clear_problem();
    return set_problem(4502, options_.path + ": cannot look at it: " + errno_text(errno));
  }
  const FileId at_path = id_of(st);
  if (at_path == current_->id && !successors_.empty()) {
    // It is back; what stood in its place meanwhile counts only when it holds something.
    if (std::none_of(successors_.begin(), successors_.end(), [](const OpenFile& f) { return has_data(f.fd.get()); }))
      successors_.clear();
    return clear_problem();
  }
  if (is_known(at_path)) return clear_problem();
  if (successors_.size() >= kMostSuccessors) return;
  Opened opened = open_file(options_.path);
  if (!opened.file) {
    if (opened.missing()) return;
    return set_problem(4502, opened.problem);
  }
  clear_problem();
  if (!is_known(opened.file->id)) follow_new_file(*std::move(opened.file));
}

bool FileTail::is_known(const FileId& id) const {
  return (current_ && current_->id == id) ||
         std::any_of(successors_.begin(), successors_.end(), [&](const OpenFile& f) { return f.id == id; });
}

void FileTail::follow_new_file(OpenFile at_path) {
  // The path may have been rotated more than once since the last look.
  for (OpenFile& between : files_between(at_path.id)) enqueue(std::move(between));
  enqueue(std::move(at_path));
  idle_ms_ = 0;
}

// Files that were at the path after the newest one we know and before the one that is there now.
std::vector<FileTail::OpenFile> FileTail::files_between(const FileId& at_path) const {
  std::vector<OpenFile> found;
  const OpenFile& newest = successors_.empty() ? *current_ : successors_.back();
  struct stat st {};
  if (::fstat(newest.fd.get(), &st) != 0) return found;
  const auto rotated = list_rotated(options_.path);
  const auto self = std::find_if(rotated.begin(), rotated.end(), [&](const auto& f) { return f.id == newest.id; });
  for (const RotatedFile& file : rotated) {
    if (file.id == at_path || is_known(file.id)) continue;
    if (std::any_of(finished_.begin(), finished_.end(), [&](const Position& p) { return p.id == file.id; })) continue;
    const bool newer = self != rotated.end() ? older(*self, file) : file.stamp.modified_ns > stamp_of(st).modified_ns;
    if (!newer) continue;
    auto opened = open_rotated(file);
    // A copy of what is being read brings nothing new.
    if (opened && !continues(opened->fd.get(), file.stamp.size)) found.push_back(*std::move(opened));
  }
  return found;
}

// Growth, rewriting and truncation of the file that is being read.
void FileTail::look_at_current() {
  if (readable_ || buffered_ || !current_) return;
  struct stat st {};
  if (::fstat(current_->fd.get(), &st) != 0) return read_failed(errno);
  const FileStamp stamp = stamp_of(st);
  const bool changed = stamp != seen_;
  if (changed) {
    idle_ms_ = 0;
    recheck_ = true;
    seen_ = stamp;
  }
  if (mode_ == Mode::shrunk) {
    if (stamp.size < reach()) return;
    mode_ = Mode::following;
    forced_ = true;
  }
  if (!changed && !std::exchange(forced_, false)) return;
  forced_ = false;
  if (stamp.size < reach()) return enter_shrunk();
  if (stamp.size > reach())
    readable_ = true;  // read() checks that it is a continuation
  else if (content_is_ours())
    unsettled_start_ = false;
  else
    recover();
}

void FileTail::enter_shrunk() {
  if (options_.take_tail || options_.shrink_grace_ms == 0) return relocate(seen_.size);
  mode_ = Mode::shrunk;
  shrunk_ms_ = 0;
  arm(next_delay());
}

// The current file is done with: something newer waits and nobody wrote here for the grace time. An empty successor is
// no reason to go: a writer that never reopens its file (hushd) goes on in the old one.
bool FileTail::may_leave() const {
  if (successors_.empty()) return false;
  if (options_.take_tail || leave_now_ || is_copy_) return true;
  return idle_ms_ >= options_.rotation_grace_ms &&
         std::any_of(successors_.begin(), successors_.end(), [](const OpenFile& f) { return has_data(f.fd.get()); });
}

// To the next file of the chain.
void FileTail::leave() {
  Position done = std::move(position_);
  std::erase_if(finished_, [&](const Position& p) { return p.id == done.id; });
  if (finished_.size() == kMostFinished) finished_.erase(finished_.begin());
  finished_.push_back(std::move(done));
  watch_->remove(current_->watch);
  OpenFile next = std::move(successors_.front());
  successors_.pop_front();
  current_.reset();
  is_copy_ = leave_now_ = false;
  const FileStamp stamp = next.stamp;
  const uint32_t idle_ms = next.idle_ms;
  const auto known = std::find_if(finished_.begin(), finished_.end(), [&](const Position& p) {
    return p.id == next.id && begins_with(next.fd.get(), p.fingerprint);
  });
  if (known == finished_.end()) {
    begin(std::move(next));
  } else {
    position_ = *known;
    adopt(std::move(next));
    readable_ = true;
  }
  // The time that it waited unchanged counts.
  seen_ = stamp;
  idle_ms_ = idle_ms;
}

void FileTail::age_successors(uint32_t elapsed_ms) {
  for (OpenFile& file : successors_) {
    struct stat st {};
    if (::fstat(file.fd.get(), &st) != 0) continue;
    file.idle_ms = stamp_of(st) == file.stamp ? std::min(file.idle_ms + elapsed_ms, options_.rotation_grace_ms) : 0;
    file.stamp = stamp_of(st);
  }
}

void FileTail::on_notify() {
  const State before = state();
  forced_ = true;
  watch_->aim(options_.path);
  look();
  if (may_leave()) readable_ = true;
  if (state() == State::readable && before != State::readable) waker_.wake();
}

void FileTail::on_tick(uint32_t elapsed_ms) {
  armed_ms_ = 0;
  const State before = state();
  idle_ms_ = readable_ ? 0 : std::min(idle_ms_ + elapsed_ms, options_.rotation_grace_ms);
  if (recheck_) {
    recheck_ = false;
    forced_ = true;
  }
  if (mode_ == Mode::shrunk) shrunk_ms_ += elapsed_ms;
  age_successors(elapsed_ms);
  watch_->aim(options_.path);
  look();
  if (mode_ == Mode::shrunk && shrunk_ms_ >= options_.shrink_grace_ms) relocate(seen_.size);
  if (may_leave()) readable_ = true;
  if (state() == State::readable && before != State::readable) waker_.wake();
  arm(next_delay());
}

uint32_t FileTail::next_delay() const {
  if (mode_ == Mode::shrunk) return std::min(kShrunkPollMs, options_.poll_ms);
  if (!successors_.empty() && idle_ms_ < options_.rotation_grace_ms)
    return std::min(options_.poll_ms, options_.rotation_grace_ms - idle_ms_);
  return options_.poll_ms;
}

// One timer at a time; a shorter one replaces it.
void FileTail::arm(uint32_t delay_ms) {
  if (armed_ms_ != 0 && armed_ms_ <= delay_ms) return;
  armed_ms_ = delay_ms;
  waker_.after_ms(delay_ms, [this, delay_ms, alive = std::weak_ptr<int>(alive_), generation = ++timer_generation_] {
    if (!alive.expired() && generation == timer_generation_) on_tick(delay_ms);
  });
}

void FileTail::set_problem(int code, const std::string& text) {
  problem_ = text;
  problem_code_ = code;
}

void FileTail::clear_problem() {
  if (problem_code_ == 0) return;
  log::info("source " + options_.id + ": " + options_.path + " is read again");
  problem_.clear();
  problem_code_ = 0;
}

}  // namespace csiem::source
