#include "plugin/library.hpp"

#include <dlfcn.h>
#include <fcntl.h>
#include <sys/mman.h>

#include <boost/dll/shared_library.hpp>
#include <cerrno>

#include "base/fd.hpp"

namespace csiem::plugin {
namespace {

#ifndef MFD_EXEC
#define MFD_EXEC 0x0010U
#endif

Result<Fd> sealed_copy(std::string_view bytes, const std::string& label, const std::string& path) {
  const std::string name = label.substr(0, 200);
  // Newer kernels want to be told that the file will be executed, older ones refuse the flag.
  Fd fd(::memfd_create(name.c_str(), MFD_CLOEXEC | MFD_ALLOW_SEALING | MFD_EXEC));
  if (!fd && errno == EINVAL) fd = Fd(::memfd_create(name.c_str(), MFD_CLOEXEC | MFD_ALLOW_SEALING));
  if (!fd) return Error{Code::io, "no memory file for " + path + ": " + errno_text(errno), 3003};
  CS_CHECK(write_all(fd.get(), bytes, path));
  if (::fcntl(fd.get(), F_ADD_SEALS, F_SEAL_WRITE | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL) != 0)
    return Error{Code::io, "seal the memory file of " + path + ": " + errno_text(errno), 3003};
  return fd;
}

std::string replaced(std::string text, const std::string& what, const std::string& with) {
  for (auto at = text.find(what); at != std::string::npos; at = text.find(what, at + with.size()))
    text.replace(at, what.size(), with);
  return text;
}

Error load_error(const char* why, const std::string& name, const std::string& path) {
  const std::string text = replaced(why == nullptr ? "cannot be loaded" : why, name, path);
  const bool missing = text.find("cannot open shared object file") != std::string::npos;
  return {Code::invalid, text, missing ? 3007 : 3003};
}

// The entry of another major, "" when there is none.
std::string other_entry(const boost::dll::shared_library& library) {
  for (unsigned major = 1; major <= 9; ++major) {
    const std::string symbol = "csiem_plugin_v" + std::to_string(major);
    if (major != CSIEM_ABI_MAJOR && library.has(symbol)) return std::to_string(major);
  }
  return {};
}

}  // namespace

Result<Library> load_library(std::string_view bytes, const std::string& label, const std::string& path) {
  CS_TRY(fd, sealed_copy(bytes, label, path));
  const std::string name = "/proc/self/fd/" + std::to_string(fd.get());
  boost::dll::shared_library library;
  std::error_code ec;
  const auto mode = static_cast<boost::dll::load_mode::type>(RTLD_NOW | RTLD_LOCAL | RTLD_NODELETE);
  library.load(boost::dll::fs::path(name), mode, ec);
  if (ec) return load_error(::dlerror(), name, path);
  // From here on the object is mapped for good, so its path string may never name another file.
  (void)fd.release();

  if (!library.has(CSIEM_ENTRY_SYMBOL)) {
    const std::string other = other_entry(library);
    if (other.empty()) return Error{Code::invalid, "it does not export " CSIEM_ENTRY_SYMBOL, 3003};
    return Error{Code::unsupported, "needs plugin ABI " + other + ", daemon speaks " CSIEM_ABI_TEXT, 3002};
  }
  auto& symbol = library.get<const csiem_plugin*(uint32_t)>(CSIEM_ENTRY_SYMBOL);
  Library loaded;
  loaded.entry = &symbol;
  loaded.image = Image::of(reinterpret_cast<const void*>(&symbol));
  if (loaded.image.empty()) return Error{Code::invalid, "its entry lies in no loaded object", 3008};
  return loaded;
}

}  // namespace csiem::plugin
