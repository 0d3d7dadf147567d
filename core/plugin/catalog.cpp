// Discovery: what lies in the search path, what of it may be loaded, what is shadowed by an earlier file.
#include "plugin/catalog.hpp"

#include <algorithm>
#include <filesystem>
#include <map>

#include "plugin/admission.hpp"

namespace csiem::plugin {
namespace {

namespace fs = std::filesystem;

constexpr int kMaxDepth = 6;
constexpr std::size_t kMaxFiles = 1024;

bool plugin_file_name(std::string_view name) {
  constexpr std::string_view kSuffix = ".so";
  if (name.size() <= kSuffix.size() || name.substr(name.size() - kSuffix.size()) != kSuffix) return false;
  const auto stem = name.substr(0, name.size() - kSuffix.size());
  const auto fine = [](char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_' || c == '-'; };
  return stem.size() <= 64 && stem.front() != '-' && stem.front() != '_' && std::all_of(stem.begin(), stem.end(), fine);
}

// Only a build tree is searched recursively: there every plugin has a directory of its own.
void collect(const fs::path& directory, bool recursive, int depth, std::vector<std::string>* out) {
  std::error_code ec;
  std::vector<fs::path> folders;
  for (fs::directory_iterator at(directory, ec), end; !ec && at != end && out->size() < kMaxFiles; at.increment(ec)) {
    const std::string name = at->path().filename().string();
    std::error_code type;
    if (at->is_directory(type) && !at->is_symlink(type)) {
      if (recursive && depth < kMaxDepth && at->path().extension() != ".p") folders.push_back(at->path());
    } else if (plugin_file_name(name)) {
      out->push_back(at->path().string());
    }
  }
  for (const fs::path& folder : folders) collect(folder, recursive, depth + 1, out);
}

}  // namespace

std::vector<PluginFile> discover(const SearchPath& path) {
  std::vector<PluginFile> files;
  std::map<std::pair<std::string, std::string>, std::string> winners;  // (kind, name) -> path
  for (const auto& directory : path.directories) {
    std::vector<std::string> found;
    collect(directory.path, directory.origin == "build", 0, &found);
    std::sort(found.begin(), found.end());
    for (std::string& name : found) {
      PluginFile file{std::move(name), directory.origin, {}, {}, 0, {}};
      auto admitted = admit(file.path, file.origin, path, &file.components);
      if (!admitted) {
        file.refused = admitted.error().what();
        file.refused_code = admitted.error().message_code();
      } else {
        bool counts = false;
        std::string winner;
        for (const Announced& c : file.components) {
          const auto [at, first] = winners.try_emplace({c.kind, c.name}, file.path);
          if (first)
            counts = true;
          else
            winner = at->second;
        }
        if (!counts) file.shadowed_by = winner;
      }
      files.push_back(std::move(file));
    }
  }
  return files;
}

}  // namespace csiem::plugin
