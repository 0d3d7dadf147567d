// Finding the place again in a file that was rewritten or truncated.
#include <cerrno>
#include <utility>

#include "base/log.hpp"
#include "source/file_tail.hpp"

namespace csiem::source {

bool FileTail::content_is_ours() const {
  if (unproven_) return false;
  return position_.marks.empty() || holds(current_->fd.get(), position_.marks.newest());
}

// What was read last is not at its place. The file may just be in the middle of being rewritten.
void FileTail::recover() {
  struct stat st {};
  if (::fstat(current_->fd.get(), &st) != 0) return read_failed(errno);
  seen_ = stamp_of(st);
  if (unproven_ && seen_.size == 0) return;
  if (seen_.size < reach()) {
    readable_ = false;
    return enter_shrunk();
  }
  if (!content_is_ours()) relocate(seen_.size);
}

// Goes back to the longest prefix that is known to be there still, or to the beginning.
void FileTail::relocate(uint64_t size) {
  mode_ = Mode::following;
  buffered_ = false;
  if (const auto mark = position_.marks.longest_prefix(current_->fd.get(), size)) {
    unproven_ = unsettled_start_ = false;
    position_.marks.cut_behind(mark->end);
    position_.offset = mark->end;
    position_.next_line = mark->next_line;
    position_.fingerprint = {};
    splitter_.reset(mark->end, mark->next_line);
    readable_ = size > mark->end;
    return;
  }
  if (!successors_.empty()) {
    // Rotated away and then overwritten (shredded, emptied): nothing of it is worth reading.
    leave_now_ = true;
    splitter_.reset(position_.offset, position_.next_line);
    return leave();
  }
  bool explained = std::exchange(unproven_, false);
  if (!explained && resume_in_copy(explained)) return;
  if (!explained && unsettled_start_)
    log::warn(4506, {},
              "source " + options_.id + ": " + options_.path + ": the file read up to byte " +
                  std::to_string(position_.offset) +
                  " is neither here nor among the rotated files; starting at the beginning of this one");
  else if (!explained)
    log::warn(4503, {},
              "source " + options_.id + ": " + options_.path + ": became " + std::to_string(size) +
                  " bytes long after " + std::to_string(position_.offset) + " were read; starting at its beginning");
  restart(size);
}

// Copy-truncate rotation: goes on in the copy if that holds lines which were not read before the truncation.
// `explained`: there is such a copy, so the truncation is no surprise.
bool FileTail::resume_in_copy(bool& explained) {
  const auto rotated = list_rotated(options_.path);
  for (auto file = rotated.rbegin(); file != rotated.rend(); ++file) {
    if (file->id == current_->id) continue;
    auto copy = open_rotated(*file);
    if (!copy || !continues(copy->fd.get(), file->stamp.size)) continue;
    explained = true;
    if (file->stamp.size == position_.offset) return false;
    OpenFile truncated = std::move(*current_);
    adopt(*std::move(copy));
    successors_.push_front(std::move(truncated));
    is_copy_ = readable_ = true;
    unsettled_start_ = false;
    return true;
  }
  return false;
}

void FileTail::restart(uint64_t size) {
  unsettled_start_ = false;
  // Still empty: perhaps a slow rewriter brings the old lines back, so their marks are kept until there is content.
  unproven_ = size == 0 && !position_.marks.empty();
  if (!unproven_) position_.marks.clear();
  position_.offset = 0;
  position_.next_line = 1;
  position_.fingerprint = {};
  splitter_.reset(0, 1);
  readable_ = size > 0;
}

}  // namespace csiem::source
