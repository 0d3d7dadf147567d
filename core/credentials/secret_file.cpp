#include "credentials/secret_file.hpp"

#include <fcntl.h>
#include <linux/magic.h>
#include <linux/openat2.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/vfs.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <memory>

#include "base/fd.hpp"

namespace csiem::credentials {
namespace {

constexpr int kOpenFlags = O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK;  // a FIFO must not hold the daemon
constexpr int kTries = 3;

struct CFree {
  void operator()(char* text) const noexcept { std::free(text); }
};

Error denied(const std::string& path, const std::string& why) { return {Code::denied, path + ": " + why, 2004}; }

Error open_error(const std::string& path, int error) {
  switch (error) {
    case ENOENT:
    case ENOTDIR:
      return {Code::not_found, path + ": no such file", 2001};
    case EACCES:
    case EPERM:
      return denied(path, errno_text(error));
    case EXDEV:
    case ELOOP:
      return denied(path, "a symbolic link leaves the secrets directory");
    default:
      return {Code::io, "open " + path + ": " + errno_text(error), 2002};
  }
}

// Where openat2() is not to be had (an old kernel, a filter of system calls): resolve first, then open what came out
// without following anything more.
int open_below_by_path(const std::string& directory, const std::string& path) {
  const std::unique_ptr<char, CFree> root(::realpath(directory.c_str(), nullptr));
  const std::unique_ptr<char, CFree> target(::realpath(path.c_str(), nullptr));
  if (!root || !target) return -1;
  if (!std::string_view(target.get()).starts_with(std::string(root.get()) + '/')) {
    errno = EXDEV;
    return -1;
  }
  return ::open(target.get(), kOpenFlags | O_NOFOLLOW);
}

Result<Fd> open_below(const std::string& directory, const std::string& name) {
  const std::string path = directory + '/' + name;
  const Fd root(::open(directory.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
  if (!root) return open_error(directory, errno);
  open_how how{};
  how.flags = static_cast<uint64_t>(kOpenFlags);
  how.resolve = RESOLVE_BENEATH | RESOLVE_NO_MAGICLINKS;
  for (int tries = 0;; ++tries) {
    Fd file(static_cast<int>(::syscall(SYS_openat2, root.get(), name.c_str(), &how, sizeof how)));
    if (file) return file;
    if (errno == EAGAIN && tries < kTries) continue;  // something was renamed meanwhile
    if (errno != ENOSYS && errno != EPERM) return open_error(path, errno);
    break;
  }
  Fd file(open_below_by_path(directory, path));
  if (!file) return open_error(path, errno);
  return file;
}

bool is_ours(const struct stat& st) { return st.st_uid == 0 || st.st_uid == ::geteuid(); }

// The name under which the kernel knows the file: every link on the way is resolved in it.
Result<std::string> real_path(int fd, const std::string& shown) {
  char target[4096];
  const ssize_t n = ::readlink(("/proc/self/fd/" + std::to_string(fd)).c_str(), target, sizeof target);
  if (n > 0 && static_cast<std::size_t>(n) < sizeof target && target[0] == '/')
    return std::string(target, static_cast<std::size_t>(n));
  const std::unique_ptr<char, CFree> resolved(::realpath(shown.c_str(), nullptr));
  if (!resolved) return Error{Code::io, "resolve " + shown + ": " + errno_text(errno), 2002};
  return std::string(resolved.get());
}

Result<void> check_parents(const std::string& path) {
  for (auto slash = path.rfind('/'); slash != std::string::npos;
       slash = slash == 0 ? slash - 1 : path.rfind('/', slash - 1)) {
    const std::string parent = slash == 0 ? "/" : path.substr(0, slash);
    struct stat st {};
    if (::stat(parent.c_str(), &st) != 0) return Error{Code::io, parent + ": " + errno_text(errno), 2002};
    if (!is_ours(st)) return denied(parent, "the directory is owned neither by root nor by the daemon's user");
    // With the sticky bit, as on /tmp, others cannot replace what is not theirs.
    if ((st.st_mode & 0022) != 0 && (st.st_mode & S_ISVTX) == 0)
      return denied(parent, "the directory is writable by group or others");
  }
  return {};
}

bool is_memory_mount(int fd) {
  struct statfs fs {};
  return ::fstatfs(fd, &fs) == 0 && (fs.f_type == TMPFS_MAGIC || fs.f_type == RAMFS_MAGIC);
}

Result<void> check_file(int fd, const struct stat& st, const std::string& path, bool trust_mount) {
  if (!S_ISREG(st.st_mode)) return denied(path, "not a regular file");
  if (static_cast<std::size_t>(st.st_size) > kMaxSecretFileBytes)
    return Error{Code::limit, path + ": larger than 64 KiB", 2004};
  if (trust_mount && is_memory_mount(fd)) return {};
  if (!is_ours(st)) return denied(path, "owned neither by root nor by the daemon's user");
  if ((st.st_mode & 0037) != 0) return denied(path, "mode is wider than 0640");
  CS_TRY(real, real_path(fd, path));
  return check_parents(real);
}

bool same_content(const struct stat& a, const struct stat& b) {
  return a.st_size == b.st_size && a.st_mtim.tv_sec == b.st_mtim.tv_sec && a.st_mtim.tv_nsec == b.st_mtim.tv_nsec;
}

Result<SecretBytes> read_all(int fd, const std::string& path) {
  SecretBytes bytes(kMaxSecretFileBytes + 1);
  for (;;) {
    const ssize_t n = ::read(fd, bytes.end(), bytes.room());
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return Error{Code::io, "read " + path + ": " + errno_text(errno), 2002};
    if (n == 0) return bytes;
    bytes.added(static_cast<std::size_t>(n));
    if (bytes.room() == 0) return Error{Code::limit, path + ": larger than 64 KiB", 2004};
  }
}

}  // namespace

Result<SecretBytes> read_secret_file(const std::string& directory, const std::string& name, bool trust_mount) {
  const std::string path = directory + '/' + name;
  for (int tries = 0; tries < kTries; ++tries) {
    CS_TRY(file, open_below(directory, name));
    struct stat before {
    }, after{};
    if (::fstat(file.get(), &before) != 0) return Error{Code::io, path + ": " + errno_text(errno), 2002};
    CS_CHECK(check_file(file.get(), before, path, trust_mount));
    CS_TRY(bytes, read_all(file.get(), path));
    if (::fstat(file.get(), &after) == 0 && same_content(before, after)) return std::move(bytes);
  }
  return Error{Code::io, path + ": kept changing while it was read", 2002};
}

}  // namespace csiem::credentials
