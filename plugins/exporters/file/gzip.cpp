#include "file/gzip.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>

#include <cerrno>
#include <memory>
#include <vector>

#include "file/log_file.hpp"
#include "file/rotation.hpp"

namespace csiem::file {
namespace {

constexpr std::size_t kBlock = 256 * 1024;

int errno_of(gzFile_s* stream) {
  int status = Z_OK;
  gzerror(stream, &status);
  return status == Z_ERRNO && errno != 0 ? errno : EIO;
}

}  // namespace

int gzip_file(const std::string& from, const std::string& to, const std::function<bool()>& give_up) {
  const Descriptor in(open_retry(AT_FDCWD, from.c_str(), O_RDONLY | O_NOFOLLOW | O_CLOEXEC));
  struct stat st {};
  if (!in || fstat(in.get(), &st) != 0) return errno;
  if (!S_ISREG(st.st_mode)) return EINVAL;
  Descriptor out(open_retry(AT_FDCWD, to.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600));
  if (!out || fchmod(out.get(), st.st_mode & 07777) != 0) return errno;

  // gzclose() closes the descriptor that it was given, so it gets its own.
  const int stream_fd = fcntl(out.get(), F_DUPFD_CLOEXEC, 0);
  if (stream_fd < 0) return errno;
  std::unique_ptr<gzFile_s, int (*)(gzFile)> stream(gzdopen(stream_fd, "wb6"), &gzclose);
  if (!stream) {
    close(stream_fd);
    return ENOMEM;
  }
  std::vector<char> block(kBlock);
  while (true) {
    if (give_up()) return ECANCELED;
    const ssize_t got = read(in.get(), block.data(), block.size());
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return errno;
    if (got == 0) break;
    errno = 0;
    if (gzwrite(stream.get(), block.data(), static_cast<unsigned>(got)) != got) return errno_of(stream.get());
  }
  errno = 0;
  if (gzclose(stream.release()) != Z_OK) return errno != 0 ? errno : EIO;
  const timespec times[2] = {st.st_atim, st.st_mtim};
  futimens(out.get(), times);
  return fsync(out.get()) == 0 ? 0 : errno;
}

}  // namespace csiem::file
