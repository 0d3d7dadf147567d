#include "source/file_tail.hpp"

#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <utility>

namespace csiem::source {
namespace {

constexpr std::size_t kChunk = 256 * 1024;
// Lines at the end of a file that get a mark each: where another writer may have put something else.
constexpr std::size_t kMarkedLines = 64;
// Chunks per read() that bring no whole line (a long line, a hole) before others get a turn.
constexpr int kMostRounds = 32;

}  // namespace

Result<std::unique_ptr<Source>> follow_file(FileOptions options, Waker& waker) {
  if (options.path.empty()) return Error{Code::invalid, "source " + options.id + ": path is empty"};
  if (options.path.find('\0') != std::string::npos)
    return Error{Code::invalid, "source " + options.id + ": path holds a NUL byte"};
  if (options.max_line_bytes < LineSplitter::kKeptOfOversize)
    return Error{Code::invalid, "source " + options.id + ": the line limit must be 4096 bytes or more"};
  if (options.poll_ms == 0) return Error{Code::invalid, "source " + options.id + ": the poll interval must not be 0"};
  return std::unique_ptr<Source>(std::make_unique<FileTail>(std::move(options), waker));
}

FileTail::FileTail(FileOptions options, Waker& waker)
    : options_(std::move(options)), waker_(waker), splitter_(options_.max_line_bytes) {
  if (options_.start == FileOptions::Start::checkpoint && !options_.checkpoint.empty()) {
    if (auto stored = parse_checkpoint(options_.checkpoint)) {
      position_ = std::move(*stored);
      has_position_ = true;
      unsettled_start_ = !position_.absent;
    }
  }
  watch_ = std::make_unique<FileWatch>(waker_, options_.id, [this] { on_notify(); });
  watch_->aim(options_.path);
  look();
  first_look_ = false;
  arm(next_delay());
}

FileTail::~FileTail() = default;

State FileTail::state() const {
  if (readable_ || announce_) return State::readable;
  return problem_code_ == 4502 ? State::failed : State::waiting;
}

std::optional<LineBlock> FileTail::read(std::size_t max_bytes) {
  if (std::exchange(announce_, false)) return announcement();
  for (int round = 0; round < kMostRounds; ++round) {
    if (tail_taken_ || !current_ || mode_ == Mode::shrunk) {
      readable_ = false;
      return std::nullopt;
    }
    if (buffered_)
      if (auto piece = splitter_.take(max_bytes)) return block(*piece, LineBlock::Tail::none);
    buffered_ = false;
    if (fill(max_bytes)) continue;
    if (auto tail = at_end()) return tail;
    if (!readable_) return std::nullopt;
  }
  waker_.wake();
  return std::nullopt;
}

// Reads the next chunk; false at the end of the file.
bool FileTail::fill(std::size_t max_bytes) {
  if (splitter_.in_hole()) {
    const off_t data = ::lseek(current_->fd.get(), static_cast<off_t>(splitter_.read_offset()), SEEK_DATA);
    if (data > 0 && static_cast<uint64_t>(data) > splitter_.read_offset())
      splitter_.leave_hole(static_cast<uint64_t>(data));
  }
  const std::size_t want = std::max(kChunk, max_bytes);
  const auto space = splitter_.space(want).first(want);
  ssize_t n = 0;
  do n = ::pread(current_->fd.get(), space.data(), space.size(), static_cast<off_t>(splitter_.read_offset()));
  while (n < 0 && errno == EINTR);
  if (n < 0) {
    read_failed(errno);
    return true;
  }
  if (n == 0) return false;
  // Asked after the read: what was read stands behind what we know, whatever happened in between.
  if (!content_is_ours()) {
    recover();
    return true;
  }
  unsettled_start_ = false;
  splitter_.filled(static_cast<std::size_t>(n));
  reached_end_ = static_cast<std::size_t>(n) < want;
  if (splitter_.read_offset() > seen_.size) {
    idle_ms_ = 0;
    seen_.size = splitter_.read_offset();
  }
  buffered_ = true;
  return true;
}

// The end of the current file, without a whole line left: an unterminated last line, the next file, or a pause.
std::optional<LineBlock> FileTail::at_end() {
  readable_ = false;
  look_at_path();
  const bool leaving = may_leave();
  const bool speculating = options_.take_tail && successors_.empty();
  if (leaving || speculating) {
    if (const auto rest = splitter_.take_rest()) {
      readable_ = leaving;
      tail_taken_ = speculating;
      return block(*rest, leaving ? LineBlock::Tail::final : LineBlock::Tail::speculative);
    }
  }
  if (leaving) {
    leave();
    return std::nullopt;
  }
  // What is there of an unfinished line is read again when there is more: it may be rewritten until then.
  splitter_.drop_pending();
  look_at_current();
  return std::nullopt;
}

LineBlock FileTail::block(const LineSplitter::Piece& piece, LineBlock::Tail tail) {
  position_.offset = piece.end;
  position_.next_line = splitter_.next_line();
  add_marks(piece);
  if (position_.fingerprint.length < Fingerprint::kBytes)
    if (const auto longer = fingerprint_of(current_->fd.get(), piece.end)) position_.fingerprint = *longer;
  LineBlock out;
  out.bytes = piece.bytes;
  out.offset = piece.offset;
  out.first_line = piece.first_line;
  out.oversize = piece.oversize;
  out.tail = tail;
  out.checkpoint = checkpoint_text(position_, scratch_);
  return out;
}

void FileTail::add_marks(const LineSplitter::Piece& piece) {
  if (piece.mark.empty()) {
    // The rest of an oversize line: its newest bytes are not in memory any more.
    std::array<char, 4096> bytes;
    const auto end = std::span(bytes).first(std::min<std::size_t>(bytes.size(), piece.end));
    if (read_exactly(current_->fd.get(), piece.end - end.size(), end))
      position_.marks.add(make_mark(piece.end, {end.data(), end.size()}, position_.next_line));
    return;
  }
  if (reached_end_ && !piece.oversize && piece.lines > 1) {
    // Line starts from the back, then marks from the front.
    std::array<std::size_t, kMarkedLines> starts;
    std::size_t count = 0;
    std::size_t end = piece.bytes.size() - piece.mark.size();
    while (end > 0 && count < starts.size()) {
      const auto feed = end < 2 ? std::string_view::npos : piece.bytes.rfind('\n', end - 2);
      end = feed == std::string_view::npos ? 0 : feed + 1;
      starts[count++] = end;
    }
    const std::size_t marked_end = piece.bytes.size() - piece.mark.size();
    while (count > 0) {
      const std::size_t start = starts[--count];
      const std::size_t stop = count > 0 ? starts[count - 1] : marked_end;
      const auto line = piece.bytes.substr(start, stop - start);
      const uint64_t number = position_.next_line == 0 ? 0 : position_.next_line - 1 - count;
      position_.marks.add(make_mark(
          piece.offset + stop, line.substr(line.size() - std::min(line.size(), LineSplitter::kMarkBytes)), number));
    }
  }
  position_.marks.add(make_mark(piece.end, piece.mark, position_.next_line));
}

// A block without lines: it makes the place where the source started durable before anything was read.
LineBlock FileTail::announcement() {
  LineBlock out;
  out.offset = position_.offset;
  out.checkpoint = checkpoint_text(position_, scratch_);
  return out;
}

void FileTail::start_at_end() {
  struct stat st {};
  const int fd = current_->fd.get();
  if (::fstat(fd, &st) != 0) return read_failed(errno);
  // Behind the last line feed, so that a line that is being written is read whole.
  const auto size = static_cast<uint64_t>(st.st_size);
  const uint64_t nearest = size > options_.max_line_bytes ? size - options_.max_line_bytes : 0;
  uint64_t end = size;
  std::array<char, 16 * 1024> bytes;
  bool found = false;
  while (!found && end > nearest) {
    const uint64_t from = end - std::min<uint64_t>(end - nearest, bytes.size());
    const auto part = std::span(bytes).first(end - from);
    if (!read_exactly(fd, from, part)) break;
    const auto feed = std::string_view(part.data(), part.size()).rfind('\n');
    found = feed != std::string_view::npos;
    end = found ? from + feed + 1 : from;
  }
  position_.offset = end;
  position_.next_line = end == 0 ? 1 : 0;
  position_.marks.clear();
  const auto proof = std::span(bytes).first(std::min<uint64_t>(end, 1024));
  if (end > 0 && read_exactly(fd, end - proof.size(), proof))
    position_.marks.add(make_mark(end, {proof.data(), proof.size()}, 0));
  if (const auto print = fingerprint_of(fd, end)) position_.fingerprint = *print;
  splitter_.reset(position_.offset, position_.next_line);
}

void FileTail::read_failed(int error) {
  set_problem(4502, options_.path + ": cannot read: " + errno_text(error));
  if (current_) watch_->remove(current_->watch);
  current_.reset();
  splitter_.reset(position_.offset, position_.next_line);
  buffered_ = readable_ = false;
}

}  // namespace csiem::source
