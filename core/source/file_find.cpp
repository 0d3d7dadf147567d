// Finding the file to go on with: at the path, under a rotated name, or not yet.
#include <fcntl.h>

#include <algorithm>
#include <cerrno>
#include <utility>

#include "base/log.hpp"
#include "source/file_tail.hpp"

namespace csiem::source {

bool FileTail::Opened::missing() const { return error == ENOENT || error == ENOTDIR; }

FileTail::Opened FileTail::open_file(const std::string& path) const {
  Opened out;
  struct stat st {};
  // Asked before the open, which could block on a pipe or act on a device.
  if (::stat(path.c_str(), &st) == 0 && !S_ISREG(st.st_mode)) {
    out.problem = path + ": is " + (S_ISDIR(st.st_mode) ? "a directory" : "not a regular file") + " (errno " +
                  std::to_string(S_ISDIR(st.st_mode) ? EISDIR : EINVAL) + ")";
    return out;
  }
  Fd fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK));
  if (!fd || ::fstat(fd.get(), &st) != 0) {
    out.error = errno;
    out.problem = path + ": " + errno_text(out.error);
    return out;
  }
  out.file = OpenFile{.fd = std::move(fd), .id = id_of(st)};
  return out;
}

std::optional<FileTail::OpenFile> FileTail::open_rotated(const RotatedFile& file) const {
  Opened opened = open_file(file.path);
  if (!opened.file || opened.file->id != file.id) return std::nullopt;
  return std::move(opened.file);
}

// No file is open.
void FileTail::find_file() {
  Opened at_path = open_file(options_.path);
  if (!at_path.file) {
    if (!at_path.missing()) return set_problem(4502, at_path.problem);
    set_problem(4501, at_path.problem);
    if (!has_position_) {
      position_.absent = has_position_ = announce_ = true;
      return;
    }
  }
  if (has_position_ && !position_.absent) return find_by_position(std::move(at_path));
  if (!at_path.file) return;
  clear_problem();
  const bool fresh = !has_position_;
  const bool at_end = options_.start == FileOptions::Start::end ||
                      (options_.start == FileOptions::Start::checkpoint && options_.first_start_at_end);
  begin(*std::move(at_path.file));
  if (!fresh) return;
  if (at_end) start_at_end();
  announce_ = true;
}

// Goes on behind the stored position, wherever its file is now, and then with what came after it.
void FileTail::find_by_position(Opened at_path) {
  if (at_path.file && at_path.file->id == position_.id) {
    clear_problem();
    return adopt(*std::move(at_path.file));
  }
  const auto rotated = list_rotated(options_.path);
  std::optional<OpenFile> found;
  auto place = rotated.end();
  for (auto file = rotated.begin(); file != rotated.end() && !found; ++file) {
    if (file->id != position_.id) continue;
    found = open_rotated(*file);
    if (found && !begins_with(found->fd.get(), position_.fingerprint)) found.reset();
    place = file;
  }
  struct stat st {};
  // The same content under another identity: restored, copied, or on a device that got another number.
  if (!found && at_path.file && ::fstat(at_path.file->fd.get(), &st) == 0 &&
      continues(at_path.file->fd.get(), static_cast<uint64_t>(st.st_size))) {
    clear_problem();
    return adopt(*std::move(at_path.file));
  }
  for (auto file = rotated.end(); file != rotated.begin() && !found;) {
    --file;
    auto candidate = open_rotated(*file);
    if (!candidate || !continues(candidate->fd.get(), file->stamp.size)) continue;
    found = std::move(candidate);
    place = file;
  }
  if (found) {
    clear_problem();
    adopt(*std::move(found));
    for (auto file = place + 1; file != rotated.end(); ++file) {
      auto next = open_rotated(*file);
      if (!next || is_known(next->id) || (at_path.file && at_path.file->id == next->id)) continue;
      enqueue(*std::move(next));
    }
    if (at_path.file && !is_known(at_path.file->id)) enqueue(*std::move(at_path.file));
    return;
  }
  if (!at_path.file) return;  // the old file may still come back
  clear_problem();
  log::warn(4506, {},
            "source " + options_.id + ": " + options_.path + ": the file read up to byte " +
                std::to_string(position_.offset) +
                " is neither here nor among the rotated files; starting at the beginning of this one");
  begin(*std::move(at_path.file));
}

// The file holds what was read, whatever its name and identity.
bool FileTail::continues(int fd, uint64_t size) const {
  return position_.fingerprint.length > 0 && !position_.marks.empty() && size >= position_.offset &&
         begins_with(fd, position_.fingerprint) && holds(fd, position_.marks.newest());
}

// To be read after everything that is known so far.
void FileTail::enqueue(OpenFile file) {
  struct stat st {};
  if (::fstat(file.fd.get(), &st) == 0) file.stamp = stamp_of(st);
  file.watch = watch_->add(file.fd.get());
  successors_.push_back(std::move(file));
}

// Goes on in this file at position_.
void FileTail::adopt(OpenFile file) {
  if (file.watch < 0) file.watch = watch_->add(file.fd.get());
  position_.id = file.id;
  current_ = std::move(file);
  splitter_.reset(position_.offset, position_.next_line);
  has_position_ = true;
  mode_ = Mode::following;
  seen_ = {};
  forced_ = true;
  unproven_ = buffered_ = readable_ = false;
  idle_ms_ = 0;
}

// Starts at the beginning of this file.
void FileTail::begin(OpenFile file) {
  position_ = Position{};
  unsettled_start_ = false;
  adopt(std::move(file));
  readable_ = true;
}

}  // namespace csiem::source
