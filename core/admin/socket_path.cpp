#include "admin/socket_path.hpp"

#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <string_view>

namespace csiem::admin {
namespace {

constexpr const char* kSystemPath = "/run/clawdstrike-siem/admin.sock";

std::string environment(const char* name) {
  const char* value = std::getenv(name);
  return value == nullptr ? std::string() : std::string(value);
}

}  // namespace

std::string automatic_socket_path() {
  // A service may have several, separated by colons.
  if (const std::string own = environment("RUNTIME_DIRECTORY"); own.starts_with('/'))
    return own.substr(0, own.find(':')) + "/admin.sock";
  if (geteuid() == 0) return kSystemPath;
  if (const std::string user = environment("XDG_RUNTIME_DIR"); user.starts_with('/'))
    return user + "/clawdstrike-siem/admin.sock";
  return kSystemPath;
}

std::vector<std::string> socket_candidates(const std::string& setting) {
  if (!setting.empty() && setting != "auto") return {setting};
  std::vector<std::string> places{automatic_socket_path()};
  if (places.front() != kSystemPath) places.emplace_back(kSystemPath);
  return places;
}

}  // namespace csiem::admin
