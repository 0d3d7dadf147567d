#include "config/spec.hpp"

#include <algorithm>

namespace csiem::config {

const Key* find_key(std::span<const Key> keys, std::string_view path) {
  for (const auto& key : keys)
    if (key.path == path) return &key;
  return nullptr;
}

bool is_section(std::span<const Key> keys, std::string_view path) {
  return std::any_of(keys.begin(), keys.end(), [&](const Key& key) {
    return key.path.size() > path.size() && key.path.starts_with(path) &&
           (key.path[path.size()] == '.' || key.path[path.size()] == '[');
  });
}

std::vector<std::string> names_in(std::span<const Key> keys, std::string_view path) {
  const std::string prefix = path.empty() ? "" : std::string(path) + ".";
  std::vector<std::string> out;
  for (const auto& key : keys) {
    if (!key.path.starts_with(prefix)) continue;
    auto name = key.path.substr(prefix.size());
    name = name.substr(0, name.find_first_of(".["));
    if (std::find(out.begin(), out.end(), name) == out.end()) out.emplace_back(name);
  }
  return out;
}

}  // namespace csiem::config
