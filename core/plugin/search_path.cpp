// Where plugins are looked for, in which order.
#include <sys/auxv.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>

#include "plugin/catalog.hpp"

namespace csiem::plugin {
namespace {

namespace fs = std::filesystem;

constexpr const char* kLeaf = "clawdstrike-siem/plugins-1";

void add(SearchPath& path, const fs::path& directory, std::string origin) {
  const std::string normal = directory.lexically_normal().string();
  const bool known = std::any_of(path.directories.begin(), path.directories.end(),
                                 [&](const SearchPath::Directory& d) { return d.path == normal; });
  if (!known) path.directories.push_back({normal, std::move(origin)});
}

// The library directory that the build was configured with (on Debian lib/<triplet>), and plain lib.
void add_prefix(SearchPath& path, const fs::path& prefix, const std::string& origin) {
  add(path, prefix / CSIEM_LIBDIR / kLeaf, origin);
  add(path, prefix / "lib" / kLeaf, origin);
}

// Started with more rights than the caller has, or by the service manager: the environment does not choose code.
bool privileged() {
  if (::getauxval(AT_SECURE) != 0) return true;
  if (std::getenv("NOTIFY_SOCKET") != nullptr) return true;
  const char* started = std::getenv("SYSTEMD_EXEC_PID");
  return started != nullptr && std::string_view(started) == std::to_string(::getpid());
}

void add_environment(SearchPath& path) {
  const char* text = privileged() ? nullptr : std::getenv("CLAWDSTRIKE_SIEM_PLUGIN_PATH");
  if (text == nullptr) return;
  std::string_view rest(text);
  while (!rest.empty()) {
    const auto entry = rest.substr(0, rest.find(':'));
    rest.remove_prefix(std::min(rest.size(), entry.size() + 1));
    if (!entry.empty() && entry.front() == '/') add(path, fs::path(entry), "configured");
  }
}

// Beside the executable: <build>/plugins when it is <build>/core/clawdstrike-siem, else its prefix's library directory.
void add_own(SearchPath& path) {
  std::error_code ec;
  const fs::path executable = fs::read_symlink("/proc/self/exe", ec);
  if (ec) return;
  const fs::path above = executable.parent_path().parent_path();
  if (executable.parent_path().filename() == "core" && fs::is_directory(above / "meson-private", ec)) {
    add(path, above / "plugins", "build");
    return;
  }
  const auto folder = executable.parent_path().filename();
  if (folder != "bin" && folder != "sbin") return;
  add_prefix(path, above, above == "/usr/local" ? "local" : "package");
}

}  // namespace

SearchPath default_search_path(const std::vector<std::string>& configured) {
  SearchPath path;
  for (const std::string& directory : configured) add(path, directory, "configured");
  add_environment(path);
  add_own(path);
  add_prefix(path, "/usr/local", "local");
  add_prefix(path, "/usr", "package");
  return path;
}

}  // namespace csiem::plugin
