#include "admin/socket_file.hpp"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <utility>

namespace csiem::admin {
namespace {

constexpr int kBacklog = 64;
constexpr unsigned kDirectoryMode = 0750;

Error unusable(const std::string& path, const std::string& why, int error = 0) {
  const bool denied = error == EACCES || error == EPERM || error == EROFS;
  return {denied ? Code::denied : Code::io, "admin socket " + path + ": " + why, 8002};
}
Error unusable_errno(const std::string& path, const std::string& what) {
  const int error = errno;
  return unusable(path, what + ": " + errno_text(error), error);
}
Error in_use(const std::string& path, const std::string& by) {
  return {Code::denied, "admin socket " + path + ": in use" + by, 8001};
}

// The process that holds the lock, as it wrote it down itself.
std::string holder(int lock) {
  char text[32] = "";
  const ssize_t size = pread(lock, text, sizeof text - 1, 0);
  return size > 0 ? " by process " + std::string(text, static_cast<std::size_t>(size)) : std::string();
}

Result<Fd> lock_name(const std::string& path) {
  const std::string name = path + ".lock";
  Fd lock(::open(name.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600));
  if (!lock) return unusable_errno(path, "lock " + name);
  if (flock(lock.get(), LOCK_EX | LOCK_NB) != 0) {
    if (errno == EWOULDBLOCK) return in_use(path, holder(lock.get()));
    return unusable_errno(path, "lock " + name);
  }
  const std::string pid = std::to_string(getpid());
  if (ftruncate(lock.get(), 0) != 0) return unusable_errno(path, "lock " + name);
  CS_CHECK(write_all(lock.get(), pid, name));
  return lock;
}

sockaddr_un address_of(const std::string& path) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  std::memcpy(address.sun_path, path.data(), path.size());
  return address;
}

}  // namespace

Result<SocketFile> SocketFile::open(const std::string& path, unsigned mode) {
  if (path.empty() || path.front() != '/') return unusable(path, "not an absolute path");
  if (path.size() >= sizeof(sockaddr_un::sun_path))
    return unusable(path, "longer than " + std::to_string(sizeof(sockaddr_un::sun_path) - 1) + " bytes");
  if (auto made = make_directories(path.substr(0, path.rfind('/')), kDirectoryMode); !made)
    return Error{made.error().code(), "admin socket " + path + ": " + made.error().what(), 8002};
  CS_TRY(lock, lock_name(path));
  SocketFile file(path, std::move(lock));
  CS_CHECK(file.clear_path());
  CS_CHECK(file.listen(mode));
  return file;
}

// Removes what an earlier daemon left behind, and nothing else.
Result<void> SocketFile::clear_path() const {
  struct stat status {};
  if (lstat(path_.c_str(), &status) != 0) {
    if (errno == ENOENT) return {};
    return unusable_errno(path_, "stat");
  }
  if (!S_ISSOCK(status.st_mode)) return unusable(path_, "exists and is not a socket");
  // Somebody who takes no lock may listen there.
  const Fd probe(socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  const sockaddr_un address = address_of(path_);
  if (connect(probe.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0 || errno == EAGAIN)
    return in_use(path_, "");
  if (errno != ECONNREFUSED) return unusable_errno(path_, "connect");
  if (unlink(path_.c_str()) != 0) return unusable_errno(path_, "remove the old socket");
  return {};
}

Result<void> SocketFile::listen(unsigned mode) {
  listener_ = Fd(socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  if (!listener_) return unusable_errno(path_, "socket");
  const sockaddr_un address = address_of(path_);
  if (bind(listener_.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0)
    return unusable_errno(path_, "bind");
  struct stat status {};
  if (lstat(path_.c_str(), &status) == 0) {
    device_ = status.st_dev;
    inode_ = status.st_ino;
  }
  // Nobody can connect before listen(), whatever the mode is until here.
  if (chmod(path_.c_str(), mode) != 0) return unusable_errno(path_, "set the mode");
  if (::listen(listener_.get(), kBacklog) != 0) return unusable_errno(path_, "listen");
  return {};
}

SocketFile::~SocketFile() {
  struct stat status {};
  if (!lock_ || inode_ == 0 || lstat(path_.c_str(), &status) != 0) return;
  if (status.st_dev == device_ && status.st_ino == inode_) unlink(path_.c_str());
}

}  // namespace csiem::admin
