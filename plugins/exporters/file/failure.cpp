#include "file/failure.hpp"

#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstring>

namespace csiem::file {
namespace {

int32_t outcome_of(int error) {
  switch (error) {
    case ENOENT:
    case ENOTDIR:
    case EISDIR:
    case ELOOP:
    case ENAMETOOLONG:
    case EINVAL:
      return CSIEM_CONFIG;
    default:
      return CSIEM_RETRY;
  }
}

std::string owner_of(const std::string& path, std::string_view name) {
  struct stat st {};
  if (lstat(path.c_str(), &st) != 0) return {};
  char text[128];
  std::snprintf(text, sizeof text, "; %.*s owned by uid %u gid %u mode %04o", static_cast<int>(name.size()),
                name.data(), st.st_uid, st.st_gid, static_cast<unsigned>(st.st_mode) & 07777U);
  return text;
}

}  // namespace

Failure describe(std::string_view what, const std::string& path, int error) {
  Failure out;
  out.outcome = outcome_of(error);
  const char* const name = strerrorname_np(error);
  out.code = name == nullptr ? "errno_" + std::to_string(error) : name;
  const char* const words = strerrordesc_np(error);
  out.message = "cannot " + std::string(what) + " " + path + ": " + (words == nullptr ? out.code : words);
  if (error == ELOOP) out.message += " (symbolic links are not followed)";

  const std::size_t slash = path.rfind('/');
  const std::string directory = slash == std::string::npos ? "." : slash == 0 ? "/" : path.substr(0, slash);
  struct statvfs fs {};
  if (statvfs(directory.c_str(), &fs) == 0)
    out.message += "; " + std::to_string(static_cast<unsigned long long>(fs.f_bavail) * fs.f_frsize) + " bytes free";
  std::string owner = owner_of(path, "file");
  if (owner.empty()) owner = owner_of(directory, "directory");
  out.message += owner.empty() ? "; the directory does not exist" : owner;
  out.message += "; running as uid " + std::to_string(geteuid()) + " gid " + std::to_string(getegid());
  return out;
}

}  // namespace csiem::file
