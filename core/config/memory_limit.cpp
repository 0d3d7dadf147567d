// memory_limit = "auto".
#include <unistd.h>

#include <charconv>
#include <string>

#include "base/fd.hpp"
#include "config/context.hpp"

namespace csiem::config {
namespace {

constexpr uint64_t kFallback = 256ULL << 20;
constexpr uint64_t kLeast = 64ULL << 20;
// cgroup v1 spells "no limit" as a huge number.
constexpr uint64_t kNoLimit = 1ULL << 60;

uint64_t limit_in(const std::string& path) {
  const auto text = read_file(path, 64);
  uint64_t value = 0;
  if (!text || std::from_chars(text->data(), text->data() + text->size(), value).ec != std::errc()) return kNoLimit;
  return value == 0 ? kNoLimit : value;
}

// The smallest limit from `directory` up to `mount`.
uint64_t least_limit(const std::string& mount, std::string directory, const std::string& file) {
  uint64_t least = kNoLimit;
  for (;;) {
    least = std::min(least, limit_in(mount + directory + "/" + file));
    if (directory.empty() || directory == "/") return least;
    directory.erase(directory.rfind('/'));
  }
}

}  // namespace

uint64_t automatic_memory_limit() {
  uint64_t least = kNoLimit;
  const auto groups = read_file("/proc/self/cgroup", 64 << 10);
  std::string_view rest = groups ? std::string_view(*groups) : std::string_view();
  while (!rest.empty()) {
    const auto line = rest.substr(0, rest.find('\n'));
    rest.remove_prefix(std::min(rest.size(), line.size() + 1));
    // hierarchy:controllers:/path
    const auto first = line.find(':'), second = line.find(':', first + 1);
    if (first == std::string_view::npos || second == std::string_view::npos) continue;
    const auto controllers = line.substr(first + 1, second - first - 1);
    const std::string path(line.substr(second + 1));
    if (controllers.empty()) {
      least = std::min(least, least_limit("/sys/fs/cgroup", path, "memory.max"));
    } else if (("," + std::string(controllers) + ",").find(",memory,") != std::string::npos) {
      least = std::min(least, least_limit("/sys/fs/cgroup/memory", path, "memory.limit_in_bytes"));
    }
  }
  return least >= kNoLimit ? kFallback : std::max(kLeast, least / 4 * 3);
}

}  // namespace csiem::config
