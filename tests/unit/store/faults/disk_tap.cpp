#include "disk_tap.hpp"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <mutex>
#include <string_view>

namespace csiem::test {
namespace {

// The calls below have no other place where they could find it.
struct Tap {
  std::mutex mutex;
  bool watching = false;
  std::string directory;
  std::vector<DiskOp> ops;
  disk_tap::Failure failure;
  uint64_t calls = 0, failed = 0;
};
Tap& tap() {
  static auto* const the = new Tap;  // calls come until the very end of the process
  return *the;
}

enum class What { foreign, other, data, safe_point };

// With the lock held.
What what_is(int fd) {
  if (!tap().watching || fd < 0) return What::foreign;
  std::array<char, 512> path{};
  const std::string link = "/proc/self/fd/" + std::to_string(fd);
  const ssize_t n = ::readlink(link.c_str(), path.data(), path.size());
  if (n <= 0) return What::foreign;
  const std::string_view file(path.data(), static_cast<std::size_t>(n));
  if (!file.starts_with(tap().directory)) return What::foreign;
  if (file.ends_with("/store/safe-point")) return What::safe_point;
  return file.ends_with("/data.mdb") ? What::data : What::other;
}

bool is_recorded(What what) { return what == What::data || what == What::safe_point; }
StoreFile file_of(What what) { return what == What::data ? StoreFile::data : StoreFile::safe_point; }

// With the lock held: whether this call is one that fails.
bool fails() {
  Tap& t = tap();
  ++t.calls;
  const bool behind =
      t.failure.persistent ? t.calls > t.failure.call : t.failure.and_next && t.calls == t.failure.call + 1;
  const bool now = t.failure.call != 0 && (t.calls == t.failure.call || behind);
  t.failed += now;
  return now;
}

template <class... Arguments>
long call(long number, Arguments... arguments) {
  return ::syscall(number, arguments...);
}

std::string gathered(const iovec* parts, int count) {
  std::string bytes;
  for (int i = 0; i < count; ++i) bytes.append(static_cast<const char*>(parts[i].iov_base), parts[i].iov_len);
  return bytes;
}

// A write of `bytes` at `offset`; `position` -1 writes at the descriptor's own place.
ssize_t write_through(int fd, std::string_view bytes, off_t position) {
  Tap& t = tap();
  const std::unique_lock lock(t.mutex);
  const What what = what_is(fd);
  const bool failing = what != What::foreign && fails();
  const bool late = t.failure.late && t.calls == t.failure.call;
  if (failing && !late) {
    if (t.failure.error != 0) {
      errno = t.failure.error;
      return -1;
    }
    bytes = bytes.substr(0, (bytes.size() + 1) / 2);
  }
  const off_t at = position >= 0 ? position : static_cast<off_t>(call(SYS_lseek, fd, off_t{0}, SEEK_CUR));
  const long n = position >= 0 ? call(SYS_pwrite64, fd, bytes.data(), bytes.size(), position)
                               : call(SYS_write, fd, bytes.data(), bytes.size());
  if (n > 0 && is_recorded(what)) {
    const std::string_view taken = bytes.substr(0, static_cast<std::size_t>(n));
    t.ops.push_back({DiskOp::Kind::write, static_cast<uint64_t>(at), std::string(taken), file_of(what)});
    if ((::fcntl(fd, F_GETFL) & O_DSYNC) != 0) t.ops.push_back({DiskOp::Kind::sync_range, 0, {}, file_of(what)});
  }
  if (failing && late) {
    errno = t.failure.error;
    return -1;
  }
  return n;
}

int sync_through(int fd, long number) {
  Tap& t = tap();
  const std::unique_lock lock(t.mutex);
  const What what = what_is(fd);
  if (what != What::foreign && fails() && t.failure.error != 0) {
    errno = t.failure.error;
    return -1;
  }
  const long rc = call(number, fd);
  if (rc == 0 && is_recorded(what)) t.ops.push_back({DiskOp::Kind::sync, 0, {}, file_of(what)});
  if (rc == 0 && what == What::other && number == SYS_fsync) {
    struct stat st {};
    const bool moved =
        std::any_of(t.ops.begin(), t.ops.end(), [](const DiskOp& op) { return op.kind == DiskOp::Kind::move_in; });
    if (moved && ::fstat(fd, &st) == 0 && S_ISDIR(st.st_mode)) t.ops.push_back({DiskOp::Kind::sync_name, 0, {}});
  }
  return static_cast<int>(rc);
}

}  // namespace

namespace disk_tap {

void watch(const std::string& directory) {
  Tap& t = tap();
  const std::unique_lock lock(t.mutex);
  t.directory = directory;
  t.ops.clear();
  t.watching = true;
}

void ignore() {
  Tap& t = tap();
  const std::unique_lock lock(t.mutex);
  t.watching = false;
  t.failure = {};
}

std::vector<DiskOp> take() {
  Tap& t = tap();
  const std::unique_lock lock(t.mutex);
  return std::move(t.ops);
}

std::size_t position() {
  Tap& t = tap();
  const std::unique_lock lock(t.mutex);
  return t.ops.size();
}

void set_failure(const Failure& failure) {
  Tap& t = tap();
  const std::unique_lock lock(t.mutex);
  t.failure = failure;
  t.calls = t.failed = 0;
}

uint64_t calls() {
  Tap& t = tap();
  const std::unique_lock lock(t.mutex);
  return t.calls;
}

uint64_t failed_calls() {
  Tap& t = tap();
  const std::unique_lock lock(t.mutex);
  return t.failed;
}

}  // namespace disk_tap
}  // namespace csiem::test

// ---- what LMDB and the store call instead of the C library ----

// By their names in the library: the headers may give the same function another one (large files).
#define CSIEM_TAP(result, function, name, ...) extern "C" result function(__VA_ARGS__) __asm__(name)

CSIEM_TAP(ssize_t, tap_write, "write", int fd, const void* bytes, size_t size);
CSIEM_TAP(ssize_t, tap_pwrite, "pwrite", int fd, const void* bytes, size_t size, off_t offset);
CSIEM_TAP(ssize_t, tap_pwrite_64, "pwrite64", int fd, const void* bytes, size_t size, off_t offset);
CSIEM_TAP(ssize_t, tap_writev, "writev", int fd, const iovec* parts, int count);
CSIEM_TAP(ssize_t, tap_pwritev, "pwritev", int fd, const iovec* parts, int count, off_t offset);
CSIEM_TAP(ssize_t, tap_pwritev_64, "pwritev64", int fd, const iovec* parts, int count, off_t offset);
CSIEM_TAP(int, tap_fsync, "fsync", int fd);
CSIEM_TAP(int, tap_fdatasync, "fdatasync", int fd);
CSIEM_TAP(int, tap_msync, "msync", void* at, size_t size, int flags);
CSIEM_TAP(int, tap_ftruncate, "ftruncate", int fd, off_t size);
CSIEM_TAP(int, tap_ftruncate_64, "ftruncate64", int fd, off_t size);
CSIEM_TAP(int, tap_rename, "rename", const char* from, const char* to);

using namespace csiem::test;

ssize_t tap_write(int fd, const void* bytes, size_t size) {
  return write_through(fd, {static_cast<const char*>(bytes), size}, -1);
}

ssize_t tap_pwrite(int fd, const void* bytes, size_t size, off_t offset) {
  return write_through(fd, {static_cast<const char*>(bytes), size}, offset);
}
ssize_t tap_pwrite_64(int fd, const void* bytes, size_t size, off_t offset) {
  return tap_pwrite(fd, bytes, size, offset);
}

ssize_t tap_writev(int fd, const iovec* parts, int count) { return write_through(fd, gathered(parts, count), -1); }

ssize_t tap_pwritev(int fd, const iovec* parts, int count, off_t offset) {
  return write_through(fd, gathered(parts, count), offset);
}
ssize_t tap_pwritev_64(int fd, const iovec* parts, int count, off_t offset) {
  return tap_pwritev(fd, parts, count, offset);
}

int tap_fsync(int fd) { return sync_through(fd, SYS_fsync); }
int tap_fdatasync(int fd) { return sync_through(fd, SYS_fdatasync); }

// The store maps its file read-only, so nothing is written through the map; LMDB would sync it here otherwise.
int tap_msync(void* at, size_t size, int flags) {
  Tap& t = tap();
  const std::unique_lock lock(t.mutex);
  if (t.watching && fails() && t.failure.error != 0) {
    errno = t.failure.error;
    return -1;
  }
  return static_cast<int>(call(SYS_msync, at, size, flags));
}

int tap_ftruncate(int fd, off_t size) {
  Tap& t = tap();
  const std::unique_lock lock(t.mutex);
  const What what = what_is(fd);
  if (what != What::foreign && fails() && t.failure.error != 0) {
    errno = t.failure.error;
    return -1;
  }
  const long rc = call(SYS_ftruncate, fd, size);
  if (rc == 0 && what == What::data) t.ops.push_back({DiskOp::Kind::truncate, static_cast<uint64_t>(size), {}});
  return static_cast<int>(rc);
}
int tap_ftruncate_64(int fd, off_t size) { return tap_ftruncate(fd, size); }

int tap_rename(const char* from, const char* to) {
  Tap& t = tap();
  const std::unique_lock lock(t.mutex);
  const bool ours = t.watching && std::string_view(to).starts_with(t.directory);
  if (ours && fails() && t.failure.error != 0) {
    errno = t.failure.error;
    return -1;
  }
  const long rc = call(SYS_rename, from, to);
  if (rc == 0 && ours) t.ops.push_back({DiskOp::Kind::move_in, 0, {}});
  return static_cast<int>(rc);
}
