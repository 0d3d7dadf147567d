// Files that two parts of one configuration would use against each other.
#include <sys/stat.h>

#include <algorithm>
#include <filesystem>

#include "config/exporter_reader.hpp"

namespace csiem::config {
namespace {

// A file under any of its names: links and ".." are followed as far as there is something to follow.
struct Used {
  std::string by;  // id of the source or exporter
  const Origin* origin;
  std::string canonical;
  bool exists = false;
  dev_t device = 0;
  ino_t inode = 0;

  Used(std::string id, const std::string& path, const Origin& where) : by(std::move(id)), origin(&where) {
    std::error_code error;
    canonical = std::filesystem::weakly_canonical(path, error).string();
    if (error) canonical = std::filesystem::path(path).lexically_normal().string();
    struct stat status {};
    exists = ::stat(path.c_str(), &status) == 0;
    device = status.st_dev;
    inode = status.st_ino;
  }
  bool is(const Used& other) const {
    return canonical == other.canonical || (exists && other.exists && device == other.device && inode == other.inode);
  }
};

std::vector<Used> read_by_sources(const Context& context) {
  std::vector<Used> out;
  const Node* sources = context.root.find("sources");
  if (sources == nullptr) return out;
  for (const auto& [id, source] : sources->members) {
    const Node* path = source.find("path");
    const Node* enabled = source.find("enabled");
    const bool off = enabled != nullptr && as_flag(*enabled) == false;
    if (!off && path != nullptr && as_text(*path) != nullptr && !path->unresolved)
      out.emplace_back(id, *as_text(*path), path->value);
  }
  return out;
}

}  // namespace

// Two exporters on one file would cut each other's lines, and a source would read what it led to again and again.
void check_shared_paths(Context& context, const std::vector<Exporter>& exporters) {
  const auto readers = read_by_sources(context);
  std::vector<Used> writers;
  const auto check = [&](const Exporter& exporter, const Destination::Written& written) {
    const Used file(exporter.id, written.path, written.origin);
    const auto same = [&](const Used& other) { return file.is(other); };
    if (const auto reader = std::find_if(readers.begin(), readers.end(), same); reader != readers.end())
      context.findings
          .error(1026, written.origin,
                 "exporter '" + exporter.id + "' writes the file that source '" + reader->by + "' reads")
          .notes.push_back("the source stands at " + reader->origin->text());
    const auto owner = std::find_if(writers.begin(), writers.end(), same);
    if (owner == writers.end()) {
      writers.push_back(file);
    } else if (owner->by != exporter.id) {
      context.findings
          .error(1026, written.origin, "exporters '" + owner->by + "' and '" + exporter.id + "' write to the same file")
          .notes.push_back("the other one stands at " + owner->origin->text());
    }
  };
  for (const auto& exporter : exporters) {
    for (const auto& written : exporter.fallback.writes) check(exporter, written);
    for (const auto& route : exporter.routes)
      for (const auto& written : route.writes) check(exporter, written);
  }
}

}  // namespace csiem::config
