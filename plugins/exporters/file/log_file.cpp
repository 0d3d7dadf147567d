#include "file/log_file.hpp"

#include <fcntl.h>
#include <limits.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <utility>
#include <vector>

#include "file/rotation.hpp"

namespace csiem::file {
namespace {

constexpr std::size_t kSearchBlock = 64 * 1024;
constexpr uint64_t kMaxPartialLine = 16 * 1024 * 1024;  // more without a line feed is no file of ours

// When the file was created, as far as the file system knows; else its last change.
int64_t birth_unix_ns(int fd) {
  struct statx st {};
  if (statx(fd, "", AT_EMPTY_PATH, STATX_BTIME | STATX_MTIME, &st) != 0) return 0;
  const auto& t = (st.stx_mask & STATX_BTIME) != 0 ? st.stx_btime : st.stx_mtime;
  return t.tv_sec * 1'000'000'000 + t.tv_nsec;
}

}  // namespace

void Descriptor::reset(int fd) noexcept {
  if (fd_ >= 0) close(fd_);
  fd_ = fd;
}

LogFile::LogFile(std::string root, std::string below_root, FileSettings settings)
    : root_(std::move(root)), below_root_(std::move(below_root)), path_(root_ + below_root_), settings_(settings) {
  name_ = path_.substr(path_.rfind('/') + 1);
}

// ---- opening

// The root may be reached through links, nothing below it.
std::optional<Failure> LogFile::open_directory() {
  Descriptor at(open_retry(AT_FDCWD, root_.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
  if (!at) return failed("open the directory of", errno);
  std::string_view rest = below_root_;
  for (std::size_t slash = rest.find('/'); slash != std::string_view::npos; slash = rest.find('/')) {
    const std::string component(rest.substr(0, slash));
    rest.remove_prefix(slash + 1);
    if (mkdirat(at.get(), component.c_str(), 0750) != 0 && errno != EEXIST)
      return failed("create a directory for", errno);
    Descriptor next(open_retry(at.get(), component.c_str(), O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
    if (!next) return failed("open a directory of", errno);
    at = std::move(next);
  }
  directory_ = std::move(at);
  return std::nullopt;
}

std::optional<Failure> LogFile::open_file(int64_t now_unix_ns, Notes& notes) {
  file_.reset();
  if (auto failure = open_directory()) return failure;
  constexpr int kFlags = O_RDWR | O_APPEND | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK | O_NOCTTY;
  file_.reset(open_retry(directory_.get(), name_.c_str(), kFlags | O_CREAT | O_EXCL, settings_.mode));
  const bool created = static_cast<bool>(file_);
  if (created) {
    if (fchmod(file_.get(), settings_.mode) != 0) return failed("set the mode of", errno);
  } else if (errno == EEXIST) {
    file_.reset(open_retry(directory_.get(), name_.c_str(), kFlags));
  }
  if (!file_) return failed("open", errno);
  begun_unix_ns_ = created ? now_unix_ns : birth_unix_ns(file_.get());
  auto failure = adopt(notes);
  if (failure) file_.reset();
  return failure;
}

// Learns what was opened, and repairs its end.
std::optional<Failure> LogFile::adopt(Notes& notes) {
  struct stat st {};
  if (fstat(file_.get(), &st) != 0) return failed("examine", errno);
  if (!S_ISREG(st.st_mode)) {
    Failure failure = failed("write to", EINVAL);
    failure.message += "; it is no regular file";
    return failure;
  }
  device_ = st.st_dev;
  inode_ = st.st_ino;
  size_ = static_cast<uint64_t>(st.st_size);
  return heal(notes);
}

// A crash may have left a line without its end. It was never reported as delivered, so it comes again.
std::optional<Failure> LogFile::heal(Notes& notes) {
  std::vector<char> block(kSearchBlock);
  uint64_t end = size_;
  while (end > 0 && size_ - end < kMaxPartialLine) {
    const uint64_t begin = end > kSearchBlock ? end - kSearchBlock : 0;
    const ssize_t got = pread(file_.get(), block.data(), end - begin, static_cast<off_t>(begin));
    if (got < 0 && errno == EINTR) continue;
    if (got != static_cast<ssize_t>(end - begin)) return failed("read the end of", got < 0 ? errno : EIO);
    const auto found = std::find(block.rend() - got, block.rend(), '\n');
    if (found != block.rend()) {
      end = begin + static_cast<uint64_t>(block.rend() - found);
      break;
    }
    end = begin;
  }
  if (end == size_) return std::nullopt;
  if (size_ - end >= kMaxPartialLine) {
    Failure failure = failed("append to", EINVAL);
    failure.message += "; it is no file of lines: its last line feed is too far from its end";
    return failure;
  }
  if (ftruncate(file_.get(), static_cast<off_t>(end)) != 0) return failed("cut the last line of", errno);
  notes.partial = true;
  notes.partial_bytes += size_ - end;
  size_ = end;
  return std::nullopt;
}

// False when the path leads elsewhere or nowhere: somebody renamed or removed the file. A file that became shorter was
// copied away and truncated; appending goes on at its new end.
bool LogFile::still_there() {
  struct stat st {};
  if (fstatat(directory_.get(), name_.c_str(), &st, AT_SYMLINK_NOFOLLOW) != 0) return false;
  if (st.st_dev != device_ || st.st_ino != inode_) return false;
  size_ = static_cast<uint64_t>(st.st_size);
  return true;
}

// ---- writing

std::optional<Failure> LogFile::append(std::span<iovec> parts, uint64_t bytes, int64_t now_unix_ns, Notes& notes) {
  if (file_ && !still_there()) {
    if (auto failure = sync()) return failure;
    file_.reset();
    notes.reopened = true;
  }
  if (!file_)
    if (auto failure = open_file(now_unix_ns, notes)) return failure;
  const bool full = settings_.max_bytes != 0 && size_ + bytes > settings_.max_bytes;
  if (size_ != 0 && (full || too_old(now_unix_ns)))
    if (auto failure = rotate(now_unix_ns, notes)) return failure;

  size_before_append_ = size_;
  while (!parts.empty()) {
    const int count = static_cast<int>(std::min<std::size_t>(parts.size(), IOV_MAX));
    const ssize_t written = writev(file_.get(), parts.data(), count);
    if (written < 0) {
      if (errno == EINTR) continue;
      const int error = errno;
      take_back();
      return failed("write to", error);
    }
    dirty_ = true;
    size_ += static_cast<uint64_t>(written);
    parts = consume(parts, static_cast<std::size_t>(written));
  }
  return std::nullopt;
}

void LogFile::take_back() {
  if (size_ == size_before_append_ || !file_) return;
  // Where it cannot be cut, the next open finds and cuts at least the broken line.
  if (ftruncate(file_.get(), static_cast<off_t>(size_before_append_)) != 0) file_.reset();
  size_ = size_before_append_;
}

std::optional<Failure> LogFile::sync() {
  if (!dirty_ || !file_) return std::nullopt;
  dirty_ = false;
  if (fdatasync(file_.get()) == 0 || errno == EROFS || errno == EINVAL) return std::nullopt;
  return failed("sync", errno);
}

// ---- rotation

bool LogFile::too_old(int64_t now_unix_ns) const {
  return settings_.max_age_ns != 0 && now_unix_ns - begun_unix_ns_ >= settings_.max_age_ns;
}

std::optional<Failure> LogFile::rotate_if_old(int64_t now_unix_ns, Notes& notes) {
  if (!file_ || size_ == 0 || !too_old(now_unix_ns) || !still_there()) return std::nullopt;
  return rotate(now_unix_ns, notes);
}

// Renames, then begins a new file. Nothing is lost in between: both happen on this thread.
std::optional<Failure> LogFile::rotate(int64_t now_unix_ns, Notes& notes) {
  if (settings_.sync_on_rotate)
    if (auto failure = sync()) return failure;
  if (const int error = rename_with_stamp(directory_.get(), name_, now_unix_ns, notes.rotated_name); error != 0)
    return failed("rotate", error);
  notes.rotated = true;
  return open_file(now_unix_ns, notes);
}

}  // namespace csiem::file
