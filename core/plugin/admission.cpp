#include "plugin/admission.hpp"

#include <csiem/plugin.h>
#include <fcntl.h>
#include <fnmatch.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

#include "base/fd.hpp"
#include "base/sha256.hpp"

namespace csiem::plugin {
namespace {

Error refused(const std::string& why) { return {Code::denied, why, 3005}; }

Result<void> check_owner_and_mode(const struct stat& st, const std::string& what, const std::string& origin) {
  if (st.st_uid != 0 && st.st_uid != geteuid())
    return refused(what + " is owned by uid " + std::to_string(st.st_uid) + ", neither root nor the daemon's user");
  // In a build tree the developer's own group may write: the usual umask of distributions with a group per user.
  const mode_t forbidden = origin == "build" && st.st_gid == getegid() ? S_IWOTH : S_IWGRP | S_IWOTH;
  if ((st.st_mode & forbidden) != 0) return refused(what + " is writable by group or others");
  return {};
}

Result<std::string> read_all(int fd, std::size_t size, const std::string& path) {
  std::string bytes(size, '\0');
  std::size_t got = 0;
  while (got < size) {
    const ssize_t n = ::read(fd, bytes.data() + got, size - got);
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return Error{Code::io, "read " + path + ": " + errno_text(errno), 3003};
    if (n == 0) break;
    got += static_cast<std::size_t>(n);
  }
  bytes.resize(got);
  return bytes;
}

bool matches(const std::vector<std::string>& globs, const std::string& name) {
  return std::any_of(globs.begin(), globs.end(),
                     [&](const std::string& glob) { return fnmatch(glob.c_str(), name.c_str(), 0) == 0; });
}

// Majors other than ours have another entry symbol; a file may announce several.
Result<void> check_abi(const std::vector<Announced>& components) {
  const std::string ours = std::to_string(CSIEM_ABI_MAJOR) + ".";
  for (const Announced& c : components)
    if (c.abi.compare(0, ours.size(), ours) == 0) return {};
  return Error{Code::unsupported, "ABI " + components.front().abi + ", daemon speaks " CSIEM_ABI_TEXT, 3002};
}

Result<void> check_digests(const std::vector<Announced>& components, const std::string& sha256,
                           const SearchPath& rules) {
  for (const Announced& c : components) {
    const auto listed = std::find_if(rules.digests.begin(), rules.digests.end(),
                                     [&](const auto& digest) { return digest.first == c.name; });
    if (listed == rules.digests.end()) {
      if (rules.require_digest)
        return Error{Code::denied, "plugins.require_digest is set and plugins.digests has no '" + c.name + "'", 3006};
    } else if (listed->second != "sha256:" + sha256) {
      return Error{Code::denied,
                   "plugins.digests lists " + listed->second + " for '" + c.name + "', the file is sha256:" + sha256,
                   3006};
    }
  }
  return {};
}

}  // namespace

bool name_allowed(const SearchPath& rules, const std::string& name) {
  return matches(rules.allow, name) && !matches(rules.deny, name);
}

Result<Admitted> admit(const std::string& path, const std::string& origin, const SearchPath& rules,
                       std::vector<Announced>* components) {
  const auto slash = path.rfind('/');
  const std::string directory = slash == std::string::npos ? "." : path.substr(0, std::max<std::size_t>(slash, 1));
  struct stat st {};
  if (::stat(directory.c_str(), &st) != 0)
    return Error{Code::not_found, "directory " + directory + ": " + errno_text(errno), 3001};
  Result<void> trusted = check_owner_and_mode(st, "its directory " + directory, origin);

  const Fd fd(::open(path.c_str(), O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC));
  if (!fd && errno == ELOOP) return refused("it is a symbolic link");
  if (!fd)
    return Error{errno == ENOENT ? Code::not_found : Code::denied, errno_text(errno), errno == ENOENT ? 3001 : 3005};
  if (::fstat(fd.get(), &st) != 0) return Error{Code::io, errno_text(errno), 3005};
  if (!S_ISREG(st.st_mode)) return refused("it is not a regular file");
  if (trusted) trusted = check_owner_and_mode(st, "it", origin);
  if (static_cast<uint64_t>(st.st_size) > kMaxPluginBytes) return refused("it is larger than 64 MiB");

  // The notes are read even of a file that is not trusted: its name belongs into the list, and reading runs nothing.
  Admitted file;
  CS_TRY(bytes, read_all(fd.get(), static_cast<std::size_t>(st.st_size), path));
  file.bytes = std::move(bytes);
  auto announced = read_notes(file.bytes);
  if (announced && components != nullptr) *components = *announced;
  CS_CHECK(std::move(trusted));
  if (!announced) return std::move(announced).error();
  file.components = *std::move(announced);
  CS_CHECK(check_abi(file.components));
  if (std::none_of(file.components.begin(), file.components.end(),
                   [&](const Announced& c) { return name_allowed(rules, c.name); }))
    return refused("plugins.allow and plugins.deny do not let '" + file.components.front().name + "' be loaded");
  file.sha256 = to_hex(sha256(file.bytes));
  CS_CHECK(check_digests(file.components, file.sha256, rules));
  return file;
}

}  // namespace csiem::plugin
