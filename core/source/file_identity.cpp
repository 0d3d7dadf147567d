#include "source/file_identity.hpp"

#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <string>

namespace csiem::source {

FileId id_of(const struct stat& st) { return {static_cast<uint64_t>(st.st_dev), static_cast<uint64_t>(st.st_ino)}; }

FileStamp stamp_of(const struct stat& st) {
  return {static_cast<uint64_t>(st.st_size), int64_t{st.st_mtim.tv_sec} * 1'000'000'000 + st.st_mtim.tv_nsec};
}

bool read_exactly(int fd, uint64_t offset, std::span<char> out) {
  std::size_t done = 0;
  while (done < out.size()) {
    const ssize_t n = ::pread(fd, out.data() + done, out.size() - done, static_cast<off_t>(offset + done));
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) return false;
    done += static_cast<std::size_t>(n);
  }
  return true;
}

std::optional<Fingerprint> fingerprint_of(int fd, uint64_t consumed) {
  std::array<char, Fingerprint::kBytes> bytes;
  Fingerprint out{.length = std::min(consumed, Fingerprint::kBytes)};
  if (!read_exactly(fd, 0, std::span(bytes).first(out.length))) return std::nullopt;
  out.digest = sha256({bytes.data(), out.length});
  return out;
}

bool begins_with(int fd, const Fingerprint& fingerprint) {
  if (fingerprint.length == 0) return true;
  const auto now = fingerprint_of(fd, fingerprint.length);
  return now && *now == fingerprint;
}

Mark make_mark(uint64_t end, std::string_view bytes, uint64_t next_line) {
  Mark mark{.start = end - bytes.size(), .end = end, .next_line = next_line};
  const Sha256Digest digest = sha256(bytes);
  std::copy_n(digest.begin(), mark.hash.size(), mark.hash.begin());
  return mark;
}

bool holds(int fd, const Mark& mark) {
  std::array<char, 4096> small;
  std::string large;
  const std::size_t length = mark.end - mark.start;
  std::span<char> bytes(small);
  if (length > small.size()) {
    large.resize(length);
    bytes = large;
  }
  bytes = bytes.first(length);
  return read_exactly(fd, mark.start, bytes) && make_mark(mark.end, {bytes.data(), bytes.size()}, 0).hash == mark.hash;
}

void MarkList::add(const Mark& mark) {
  if (marks_.size() == kMost) {
    // Keep every second one of the older half.
    auto to = marks_.begin();
    for (std::size_t i = 0; i < kMost; ++i)
      if (i >= kMost / 2 || i % 2 == 0) *to++ = marks_[i];
    marks_.erase(to, marks_.end());
  }
  marks_.push_back(mark);
}

void MarkList::cut_behind(uint64_t end) {
  while (!marks_.empty() && marks_.back().end > end) marks_.pop_back();
}

std::optional<Mark> MarkList::longest_prefix(int fd, uint64_t size) const {
  for (auto mark = marks_.rbegin(); mark != marks_.rend(); ++mark)
    if (mark->end <= size && holds(fd, *mark)) return *mark;
  return std::nullopt;
}

}  // namespace csiem::source
