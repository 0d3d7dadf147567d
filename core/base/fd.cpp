#include "base/fd.hpp"

#include <fcntl.h>
#include <poll.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <filesystem>

namespace csiem {
namespace {

Error io_error(const std::string& doing, const std::string& path, int error) {
  return {error == EACCES || error == EPERM ? Code::denied
          : error == ENOENT                 ? Code::not_found
                                            : Code::io,
          doing + " " + path + ": " + errno_text(error)};
}

constexpr int kPatienceMs = 5000;

// Until there is something to read, or the last writer has gone.
Result<void> wait_for_writer(int fd, const std::string& path) {
  pollfd waiting{fd, POLLIN, 0};
  int ready = 0;
  do ready = ::poll(&waiting, 1, kPatienceMs);
  while (ready < 0 && errno == EINTR);
  if (ready < 0) return io_error("wait for", path, errno);
  if (ready > 0) return {};
  return Error{Code::io, "read " + path + ": a FIFO into which nobody has written for 5 seconds"};
}

}  // namespace

void Fd::reset() noexcept {
  if (fd_ >= 0) ::close(std::exchange(fd_, -1));
}

std::string errno_text(int error) {
  char buffer[128];
  return std::string(strerror_r(error, buffer, sizeof buffer)) + " (errno " + std::to_string(error) + ")";
}

Result<std::string> read_file(const std::string& path, std::size_t max_bytes) {
  // Not waiting for a writer of a FIFO to open it.
  const Fd fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK));
  if (!fd) return io_error("open", path, errno);
  struct stat status {};
  const bool fifo = ::fstat(fd.get(), &status) == 0 && S_ISFIFO(status.st_mode);
  if (!fifo) ::fcntl(fd.get(), F_SETFL, 0);
  std::string text;
  char buffer[16 * 1024];
  for (;;) {
    // Before the first writer a FIFO reads as if it were at its end; poll() tells the two apart.
    if (fifo && text.empty()) CS_CHECK(wait_for_writer(fd.get(), path));
    const ssize_t n = ::read(fd.get(), buffer, sizeof buffer);
    if (n < 0 && errno == EINTR) continue;
    if (n < 0 && errno == EAGAIN && fifo) {
      CS_CHECK(wait_for_writer(fd.get(), path));
      continue;
    }
    if (n < 0) return io_error("read", path, errno);
    if (n == 0) return text;
    if (text.size() + static_cast<std::size_t>(n) > max_bytes)
      return Error{Code::limit, "read " + path + ": larger than " + std::to_string(max_bytes) + " bytes"};
    text.append(buffer, static_cast<std::size_t>(n));
  }
}

Result<void> write_all(int fd, std::string_view bytes, const std::string& path_for_errors) {
  while (!bytes.empty()) {
    const ssize_t n = ::write(fd, bytes.data(), bytes.size());
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return io_error("write", path_for_errors, errno);
    bytes.remove_prefix(static_cast<std::size_t>(n));
  }
  return {};
}

Result<void> replace_file(const std::string& path, std::string_view bytes, unsigned mode) {
  const std::string temporary = path + ".new";
  {
    const Fd fd(::open(temporary.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, mode));
    if (!fd) return io_error("create", temporary, errno);
    CS_CHECK(write_all(fd.get(), bytes, temporary));
    if (::fsync(fd.get()) != 0) return io_error("sync", temporary, errno);
  }
  if (::rename(temporary.c_str(), path.c_str()) != 0) return io_error("rename to", path, errno);
  std::string directory = std::filesystem::path(path).parent_path().string();
  if (directory.empty()) directory = ".";
  const Fd dir(::open(directory.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (dir) ::fsync(dir.get());
  return {};
}

Result<void> make_directories(const std::string& path, unsigned mode) {
  std::filesystem::path so_far;
  for (const auto& part : std::filesystem::path(path)) {
    so_far /= part;
    if (::mkdir(so_far.c_str(), mode) != 0 && errno != EEXIST) {
      struct stat st {};
      if (::stat(so_far.c_str(), &st) != 0) return io_error("create directory", so_far.string(), errno);
    }
  }
  struct stat st {};
  if (::stat(path.c_str(), &st) != 0) return io_error("create directory", path, errno);
  if (!S_ISDIR(st.st_mode)) return Error{Code::io, path + ": exists and is not a directory"};
  return {};
}

}  // namespace csiem
