#include "file/rotation.hpp"

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <ctime>
#include <memory>
#include <utility>

#include "file/failure.hpp"
#include "file/gzip.hpp"

namespace csiem::file {
namespace {

constexpr std::size_t kStampBytes = 16;  // 20260302T080000Z
constexpr std::string_view kCompressed = ".gz", kUnfinished = ".gz.tmp";

std::string stamp(int64_t unix_ns) {
  const std::time_t seconds = unix_ns / 1'000'000'000;
  std::tm parts{};
  gmtime_r(&seconds, &parts);
  char text[32];
  return {text, std::strftime(text, sizeof text, "%Y%m%dT%H%M%SZ", &parts)};
}

bool is_stamp(std::string_view text) {
  static constexpr std::string_view kShape = "dddddddd?dddddd?";
  if (text.size() < kStampBytes || text[8] != 'T' || text[15] != 'Z') return false;
  for (std::size_t i = 0; i < kStampBytes; ++i)
    if (kShape[i] == 'd' && (text[i] < '0' || text[i] > '9')) return false;
  text.remove_prefix(kStampBytes);
  if (text.empty()) return true;
  return text.size() >= 3 && text[0] == '-' && text.find_first_not_of("0123456789", 1) == std::string_view::npos;
}

bool ends_with(std::string_view text, std::string_view end) {
  return text.size() >= end.size() && text.substr(text.size() - end.size()) == end;
}

// Names in the directory that belong to rotated files of `name`, oldest first.
std::vector<std::string> list_rotated(const std::string& directory, const std::string& name) {
  std::vector<std::string> out;
  const std::unique_ptr<DIR, int (*)(DIR*)> handle(opendir(directory.c_str()), &closedir);
  if (!handle) return out;
  while (const dirent* entry = readdir(handle.get()))
    if (!rotated_stamp(entry->d_name, name).empty()) out.emplace_back(entry->d_name);
  std::sort(out.begin(), out.end());
  return out;
}

}  // namespace

int open_retry(int directory, const char* name, int flags, mode_t mode) {
  int fd = -1;
  do {
    fd = openat(directory, name, flags, mode);
  } while (fd < 0 && errno == EINTR);
  return fd;
}

std::span<iovec> consume(std::span<iovec> parts, std::size_t written) {
  while (!parts.empty() && written >= parts.front().iov_len) {
    written -= parts.front().iov_len;
    parts = parts.subspan(1);
  }
  if (written != 0) {
    parts.front().iov_base = static_cast<char*>(parts.front().iov_base) + written;
    parts.front().iov_len -= written;
  }
  return parts;
}

int rename_with_stamp(int directory, const std::string& name, int64_t now_unix_ns, std::string& rotated) {
  const std::string stem = name + "." + stamp(now_unix_ns);
  for (int copy = 1; copy < 100; ++copy) {
    char suffix[8] = "";
    if (copy > 1) std::snprintf(suffix, sizeof suffix, "-%02d", copy);
    rotated = stem + suffix;
    struct stat st {};
    const std::string compressed = rotated + std::string(kCompressed);
    if (fstatat(directory, compressed.c_str(), &st, AT_SYMLINK_NOFOLLOW) == 0) continue;
    if (renameat2(directory, name.c_str(), directory, rotated.c_str(), RENAME_NOREPLACE) == 0) return 0;
    if (errno == EEXIST) continue;
    if (errno != EINVAL) return errno;
    // This file system cannot refuse to replace: look first. Nobody else makes such names.
    if (fstatat(directory, rotated.c_str(), &st, AT_SYMLINK_NOFOLLOW) == 0) continue;
    return renameat(directory, name.c_str(), directory, rotated.c_str()) == 0 ? 0 : errno;
  }
  return EEXIST;
}

std::string_view rotated_stamp(std::string_view candidate, std::string_view name) {
  if (candidate.size() <= name.size() + 1 || candidate.substr(0, name.size()) != name || candidate[name.size()] != '.')
    return {};
  std::string_view rest = candidate.substr(name.size() + 1);
  for (const std::string_view end : {kUnfinished, kCompressed})
    if (ends_with(rest, end)) {
      rest.remove_suffix(end.size());
      break;
    }
  return is_stamp(rest) ? rest : std::string_view();
}

// ---- the thread

Housekeeper::Housekeeper(Settings settings, std::function<void(std::string_view)> complain)
    : settings_(settings), complain_(std::move(complain)) {}

void Housekeeper::tidy(const std::string& directory, const std::string& name) {
  if (!settings_.gzip && settings_.keep == 0) return;
  const std::lock_guard<std::mutex> lock(mutex_);
  const bool waiting = std::any_of(jobs_.begin(), jobs_.end(),
                                   [&](const Job& job) { return job.directory == directory && job.name == name; });
  if (waiting || stopping_) return;
  jobs_.push_back({directory, name});
  if (!thread_.joinable()) thread_ = std::thread([this] { run(); });
  changed_.notify_one();
}

void Housekeeper::stop() {
  {
    const std::lock_guard<std::mutex> lock(mutex_);
    stopping_ = true;
  }
  changed_.notify_one();
  if (thread_.joinable()) thread_.join();
}

bool Housekeeper::stopping() {
  const std::lock_guard<std::mutex> lock(mutex_);
  return stopping_;
}

void Housekeeper::run() {
  std::unique_lock<std::mutex> lock(mutex_);
  while (true) {
    changed_.wait(lock, [&] { return stopping_ || !jobs_.empty(); });
    if (stopping_) return;
    const Job job = std::move(jobs_.front());
    jobs_.pop_front();
    lock.unlock();
    try {
      work(job);
    } catch (const std::exception& e) {
      complain_(e.what());
    }
    lock.lock();
  }
}

void Housekeeper::work(const Job& job) {
  std::vector<std::string> rotated = list_rotated(job.directory, job.name);
  // What a crash left half compressed is made again from its source.
  const auto unfinished = [&](const std::string& name) {
    if (!ends_with(name, kUnfinished)) return false;
    unlink((job.directory + name).c_str());
    return true;
  };
  rotated.erase(std::remove_if(rotated.begin(), rotated.end(), unfinished), rotated.end());
  prune(job, rotated);
  if (!settings_.gzip) return;
  for (const std::string& name : rotated)
    if (!ends_with(name, kCompressed) && !stopping()) compress(job, name);
}

// A file and its compressed form count once.
void Housekeeper::prune(const Job& job, std::vector<std::string>& rotated) {
  if (settings_.keep == 0) return;
  std::vector<std::string> stamps;
  for (const std::string& name : rotated) stamps.emplace_back(rotated_stamp(name, job.name));
  std::sort(stamps.begin(), stamps.end());
  stamps.erase(std::unique(stamps.begin(), stamps.end()), stamps.end());
  if (stamps.size() <= settings_.keep) return;
  const std::string oldest_kept = stamps[stamps.size() - settings_.keep];
  const auto drop = [&](const std::string& name) {
    if (rotated_stamp(name, job.name) >= std::string_view(oldest_kept)) return false;
    const std::string path = job.directory + name;
    if (unlink(path.c_str()) != 0 && errno != ENOENT) complain_(describe("remove", path, errno).message);
    return true;
  };
  rotated.erase(std::remove_if(rotated.begin(), rotated.end(), drop), rotated.end());
}

void Housekeeper::compress(const Job& job, const std::string& rotated) {
  const std::string from = job.directory + rotated;
  const std::string unfinished = from + std::string(kUnfinished), to = from + std::string(kCompressed);
  const int error = gzip_file(from, unfinished, [this] { return stopping(); });
  if (error == 0 && rename(unfinished.c_str(), to.c_str()) == 0) {
    unlink(from.c_str());
    return;
  }
  const int why = error != 0 ? error : errno;
  unlink(unfinished.c_str());
  if (why != ECANCELED) complain_(describe("compress", from, why).message);
}

}  // namespace csiem::file
