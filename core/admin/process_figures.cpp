#include "admin/process_figures.hpp"

#include <sys/resource.h>
#include <unistd.h>

#include <charconv>
#include <filesystem>
#include <iterator>

#include "base/fd.hpp"

namespace csiem::admin {

ProcessFigures process_figures() {
  ProcessFigures figures;
  if (const auto statm = read_file("/proc/self/statm", 4096)) {
    const std::size_t at = statm->find(' ') + 1;  // the second figure: resident pages
    uint64_t pages = 0;
    std::from_chars(statm->data() + at, statm->data() + statm->size(), pages);
    figures.resident_bytes = pages * static_cast<uint64_t>(sysconf(_SC_PAGESIZE));
  }
  std::error_code error;
  for (std::filesystem::directory_iterator at("/proc/self/fd", error), end; !error && at != end; at.increment(error))
    ++figures.open_fds;
  if (figures.open_fds > 0) --figures.open_fds;  // the one that is counting
  rusage usage{};
  if (getrusage(RUSAGE_SELF, &usage) == 0) {
    const auto seconds = [](const timeval& time) {
      return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_usec) / 1e6;
    };
    figures.cpu_seconds = seconds(usage.ru_utime) + seconds(usage.ru_stime);
  }
  return figures;
}

}  // namespace csiem::admin
