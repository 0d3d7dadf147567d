// Files that two parts of one configuration would use against each other.
#include <filesystem>
#include <map>

#include "config/exporter_reader.hpp"

namespace csiem::config {

// Two file exporters on one path would cut each other's lines, and a source would read what it led to again and again.
void check_shared_paths(Context& context, const std::vector<Exporter>& exporters) {
  const Node& tables = *context.root.find("exporters");
  std::map<std::string, std::pair<std::string, Origin>> owners, readers;
  if (const Node* sources = context.root.find("sources"))
    for (const auto& [id, source] : sources->members) {
      const Node* path = source.find("path");
      if (path == nullptr || as_text(*path) == nullptr || path->unresolved) continue;
      readers.try_emplace(std::filesystem::path(*as_text(*path)).lexically_normal().string(), id, path->value);
    }
  for (const auto& exporter : exporters) {
    if (!exporter.enabled || exporter.type != "file") continue;
    const Node& table = *tables.find(exporter.id);
    std::vector<const Node*> paths = {table.find("path")};
    if (const Node* routes = table.find("routes"))
      for (const auto& route : routes->items) paths.push_back(route.at("set.path"));
    for (const Node* path : paths) {
      if (path == nullptr || as_text(*path) == nullptr || path->unresolved) continue;
      const auto clean = std::filesystem::path(*as_text(*path)).lexically_normal().string();
      if (const auto reader = readers.find(clean); reader != readers.end())
        context.findings
            .error(1026, path->value,
                   "exporter '" + exporter.id + "' writes the file that source '" + reader->second.first + "' reads")
            .notes.push_back("the source stands at " + reader->second.second.text());
      const auto [owner, added] = owners.try_emplace(clean, exporter.id, path->value);
      if (added || owner->second.first == exporter.id) continue;
      context.findings
          .error(1026, path->value,
                 "exporters '" + owner->second.first + "' and '" + exporter.id + "' write to the same file")
          .notes.push_back("the other one stands at " + owner->second.second.text());
    }
  }
}

}  // namespace csiem::config
