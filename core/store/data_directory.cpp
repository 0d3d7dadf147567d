#include "store/data_directory.hpp"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <boost/json.hpp>
#include <cerrno>
#include <charconv>
#include <csiem/json.hpp>

#include "base/buffer.hpp"
#include "base/log.hpp"

namespace csiem::store {
namespace {

constexpr int kFormatVersion = 1;
constexpr std::size_t kMostCheckpointBytes = 64 * 1024 * 1024;

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

bool parse_checkpoints(const std::string& text, Checkpoints& out) {
  boost::json::error_code error;
  const auto value = boost::json::parse(text, error);
  const auto* object = error ? nullptr : value.if_object();
  const auto* format = object == nullptr ? nullptr : object->if_contains("format");
  const auto* sources = object == nullptr ? nullptr : object->if_contains("sources");
  if (format == nullptr || *format != kFormatVersion || sources == nullptr || !sources->is_object()) return false;
  for (const auto& [source, checkpoint] : sources->get_object()) {
    if (!checkpoint.is_string()) return false;
    out.emplace(std::string(source), std::string(checkpoint.get_string()));
  }
  return true;
}

// Where the last whole line ends.
Result<off_t> end_of_lines(int fd, off_t size, const std::string& path) {
  std::array<char, 16 * 1024> bytes;
  while (size > 0) {
    const auto want = static_cast<std::size_t>(size) < bytes.size() ? static_cast<std::size_t>(size) : bytes.size();
    const ssize_t n = ::pread(fd, bytes.data(), want, size - static_cast<off_t>(want));
    if (n != static_cast<ssize_t>(want)) return file_error("read", path, n < 0 ? errno : EIO);
    const auto feed = std::string_view(bytes.data(), want).rfind('\n');
    if (feed != std::string_view::npos) return size - static_cast<off_t>(want - feed - 1);
    size -= static_cast<off_t>(want);
  }
  return off_t{0};
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

Result<Checkpoints> load_checkpoints(const std::string& path) {
  Checkpoints out;
  auto text = read_file(path, kMostCheckpointBytes);
  if (!text) {
    if (text.error().code() == Code::not_found) return out;
    if (text.error().code() != Code::limit) return Error{text.error().code(), text.error().what(), 5005};
  } else if (parse_checkpoints(*text, out)) {
    return out;
  }
  out.clear();
  const std::string aside = path + ".bad";
  if (::rename(path.c_str(), aside.c_str()) != 0) return file_error("rename to", aside, errno);
  log::warn(5006, {}, path + ": damaged, set aside as " + aside);
  return out;
}

Result<void> save_checkpoints(const std::string& path, const Checkpoints& checkpoints) {
  Buffer text;
  Out out(text.writer());
  Json json(out);
  json.open();
  json.integer("format", kFormatVersion);
  json.open("sources");
  for (const auto& [source, checkpoint] : checkpoints) {
    json.key_escaped(source);
    json.value(checkpoint);
  }
  json.close();
  json.close();
  out.byte('\n');
  if (!out.ok()) return Error{Code::limit, "write " + path + ": no memory", 5005};
  return replace_file(path, text.view(), 0600);
}

Result<void> append_durably(const std::string& path, std::string_view lines) {
  const bool fresh = ::access(path.c_str(), F_OK) != 0;
  const Fd fd(::open(path.c_str(), O_RDWR | O_CREAT | O_APPEND | O_CLOEXEC | O_NOFOLLOW, 0600));
  if (!fd) return file_error("open", path, errno);
  if (fresh) {
    const Fd directory(::open(path.substr(0, path.rfind('/')).c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    if (!directory || ::fsync(directory.get()) != 0) {
      const int error = errno;
      ::unlink(path.c_str());  // so that it is fresh again the next time
      return file_error("sync the directory of", path, error);
    }
  }
  struct stat st {};
  if (::fstat(fd.get(), &st) != 0) return file_error("look at", path, errno);
  CS_TRY(end, end_of_lines(fd.get(), st.st_size, path));
  if (end != st.st_size && ::ftruncate(fd.get(), end) != 0) return file_error("cut", path, errno);
  auto written = write_all(fd.get(), lines, path);
  if (written && ::fsync(fd.get()) != 0) written = file_error("sync", path, errno);
  if (!written) {
    // Written again as a whole later. If even this fails, the next end_of_lines() cuts at a line's end at least.
    static_cast<void>(::ftruncate(fd.get(), end));
    return written;
  }
  return {};
}

int write_message_code(const Error& error) {
  for (const int full : {ENOSPC, EDQUOT, EFBIG})
    if (error.what().find(errno_text(full)) != std::string::npos) return 5001;
  return 5005;
}

}  // namespace csiem::store
