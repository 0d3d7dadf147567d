#include "source/file_watch.hpp"

#include <sys/inotify.h>
#include <unistd.h>

#include <cerrno>
#include <string_view>
#include <utility>

#include "base/log.hpp"

namespace csiem::source {
namespace {

constexpr uint32_t kDirectoryEvents =
    IN_CREATE | IN_MOVED_TO | IN_MOVED_FROM | IN_DELETE | IN_ATTRIB | IN_DELETE_SELF | IN_MOVE_SELF | IN_ONLYDIR;
constexpr uint32_t kFileEvents = IN_MODIFY | IN_MOVE_SELF | IN_DELETE_SELF;

std::string parent_of(const std::string& path) {
  const auto slash = path.find_last_of('/');
  if (slash == std::string::npos) return ".";
  return slash == 0 ? "/" : path.substr(0, slash);
}

}  // namespace

FileWatch::FileWatch(Waker& waker, std::string source_id, std::function<void()> changed)
    : waker_(waker),
      source_id_(std::move(source_id)),
      changed_(std::move(changed)),
      inotify_(::inotify_init1(IN_NONBLOCK | IN_CLOEXEC)) {
  if (inotify_)
    waker_.watch(inotify_.get(), [this] { drain(); });
  else
    unavailable(errno_text(errno));
}

FileWatch::~FileWatch() {
  if (inotify_) waker_.forget(inotify_.get());
}

void FileWatch::unavailable(const std::string& what) {
  if (std::exchange(told_, true)) return;
  log::warn(4505, {}, "source " + source_id_ + ": file notification unavailable, polling instead: " + what);
}

void FileWatch::aim(const std::string& path) {
  if (!inotify_) return;
  // A parent may appear between the look and the watch: look again until the answer is stable.
  for (int tries = 0; tries < 8; ++tries) {
    std::string directory = parent_of(path);
    struct stat st {};
    bool direct = true;
    while (::stat(directory.c_str(), &st) != 0) {
      if (directory == "/" || directory == ".") return;
      directory = parent_of(directory);
      direct = false;
    }
    base_name_ = direct ? path.substr(path.find_last_of('/') + 1) : std::string();
    if (directory_watch_ >= 0 && directory_ == id_of(st)) return;
    if (directory_watch_ >= 0) remove(std::exchange(directory_watch_, -1));
    directory_watch_ = ::inotify_add_watch(inotify_.get(), directory.c_str(), kDirectoryEvents);
    if (directory_watch_ < 0) return unavailable(directory + ": " + errno_text(errno));
    directory_ = id_of(st);
  }
}

int FileWatch::add(int fd) {
  if (!inotify_) return -1;
  const std::string name = "/proc/self/fd/" + std::to_string(fd);
  const int watch = ::inotify_add_watch(inotify_.get(), name.c_str(), kFileEvents);
  if (watch < 0) unavailable(errno_text(errno));
  return watch;
}

void FileWatch::remove(int watch) {
  if (inotify_ && watch >= 0) ::inotify_rm_watch(inotify_.get(), watch);
}

void FileWatch::drain() {
  alignas(inotify_event) char buffer[16 * 1024];
  bool relevant = false;
  for (;;) {
    const ssize_t n = ::read(inotify_.get(), buffer, sizeof buffer);
    if (n <= 0) break;
    for (const char* at = buffer; at < buffer + n;) {
      const auto* event = reinterpret_cast<const inotify_event*>(at);
      at += sizeof(inotify_event) + event->len;
      const bool of_directory = event->wd == directory_watch_;
      if ((event->mask & IN_IGNORED) != 0) {
        // The kernel dropped the watch: the directory is gone. The next aim() finds another one.
        if (of_directory) directory_watch_ = -1;
        continue;
      }
      const bool named = of_directory && event->len > 0;
      if (!named || base_name_.empty() || base_name_ == event->name) relevant = true;
    }
  }
  if (relevant) changed_();
}

}  // namespace csiem::source
