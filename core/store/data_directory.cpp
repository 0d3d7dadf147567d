#include "store/data_directory.hpp"

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <charconv>

namespace csiem::store {
namespace {

Error file_error(const std::string& doing, const std::string& path, int error) {
  return {Code::io, doing + " " + path + ": " + errno_text(error), 5005};
}

// The process id that the owner of the lock wrote, or "unknown".
std::string owner_of(int fd) {
  std::array<char, 32> text{};
  const ssize_t n = ::pread(fd, text.data(), text.size(), 0);
  long pid = 0;
  if (n > 0) std::from_chars(text.data(), text.data() + n, pid);
  return pid > 0 ? std::to_string(pid) : "unknown";
}

}  // namespace

Result<Fd> lock_directory(const std::string& directory) {
  if (auto made = make_directories(directory, 0700); !made)
    return Error{made.error().code(), made.error().what(), 5005};
  const std::string path = directory + "/lock";
  Fd fd(::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600));
  if (!fd) return file_error("open", path, errno);
  if (::flock(fd.get(), LOCK_EX | LOCK_NB) != 0) {
    if (errno != EWOULDBLOCK) return file_error("lock", path, errno);
    return Error{Code::denied, "data directory " + directory + " is in use by process " + owner_of(fd.get()), 5003};
  }
  const std::string pid = std::to_string(::getpid()) + "\n";
  if (::ftruncate(fd.get(), 0) != 0) return file_error("write", path, errno);
  // Only for the message above: a full disk must not keep the daemon from starting.
  static_cast<void>(write_all(fd.get(), pid, path));
  return fd;
}

}  // namespace csiem::store
