// clawdstrike-siem plugins list, info and path.
#include <cstdio>
#include <string>
#include <vector>

#include "base/messages.hpp"
#include "cli/arguments.hpp"
#include "cli/setup.hpp"
#include "cli/terminal.hpp"
#include "config/config.hpp"

namespace csiem::cli {
namespace {

std::string state_of(const plugin::PluginFile& file) {
  if (!file.refused.empty()) return "refused: " + file.refused + " [" + messages::code_text(file.refused_code) + "]";
  if (!file.shadowed_by.empty()) return "shadowed by " + file.shadowed_by;
  return "available";
}

std::string joined(const std::vector<std::string>& words) {
  std::string text;
  for (const auto& word : words) text += (text.empty() ? "" : " ") + word;
  return text;
}

// The configuration's [plugins] counts when there is a configuration; listing works without one.
std::unique_ptr<plugin::Registry> registry_for(const GlobalArguments& global) {
  if (global.config.empty()) return plain_registry(global);
  return load_setup(global, {}).plugins;
}

Result<const plugin::Component*> find(plugin::Registry& registry, const std::string& name) {
  auto exporter = registry.exporter(name);
  if (exporter) return exporter;
  auto format = registry.format(name);
  return format ? std::move(format) : std::move(exporter);
}

}  // namespace

int plugins_list(const Arguments& arguments) {
  const auto registry = registry_for(arguments.global);
  if (arguments.global.json) {
    std::string text = "{\"schema\":\"clawdstrike-siem/plugins-list/v1\",\"plugins\":[";
    bool first = true;
    for (const auto& file : registry->files())
      for (const auto& component : file.components) {
        text += std::string(first ? "" : ",") + "{\"name\":" + json_text(component.name) +
                ",\"kind\":" + json_text(component.kind) + ",\"version\":" + json_text(component.version) +
                ",\"abi\":" + json_text(component.abi) + ",\"origin\":" + json_text(file.origin) +
                ",\"file\":" + json_text(file.path) + ",\"state\":" + json_text(state_of(file)) + "}";
        first = false;
      }
    std::printf("%s]}\n", text.c_str());
    return kOk;
  }
  std::vector<std::vector<std::string>> rows{{"NAME", "KIND", "VERSION", "ABI", "ORIGIN", "STATE"}};
  for (const auto& file : registry->files()) {
    if (file.components.empty())
      rows.push_back({file.path.substr(file.path.rfind('/') + 1), "-", "-", "-", file.origin, state_of(file)});
    for (const auto& component : file.components)
      rows.push_back({component.name, component.kind, component.version, component.abi, file.origin, state_of(file)});
  }
  std::fputs(table(rows, arguments.global.plain).c_str(), stdout);
  if (rows.size() == 1) std::fputs("no plugins found; see `clawdstrike-siem plugins path`\n", stderr);
  return kOk;
}

int plugins_info(const Arguments& arguments) {
  const auto registry = registry_for(arguments.global);
  const auto found = find(*registry, arguments.plugins_info.name);
  if (!found) {
    print_error(found.error());
    return kConfig;
  }
  const plugin::Component& c = **found;
  if (arguments.global.json) {
    std::printf(
        "{\"schema\":\"clawdstrike-siem/plugins-info/v1\",\"name\":%s,\"kind\":%s,\"version\":%s,\"vendor\":%s,"
        "\"license\":%s,\"description\":%s,\"file\":%s,\"sha256\":%s,\"formats\":%s,\"settings_schema\":%s}\n",
        json_text(c.name).c_str(), json_text(c.kind).c_str(), json_text(c.version).c_str(), json_text(c.vendor).c_str(),
        json_text(c.license).c_str(), json_text(c.description).c_str(), json_text(c.file).c_str(),
        json_text(c.sha256).c_str(), json_text(joined(c.formats)).c_str(),
        c.config_schema.empty() ? "null" : c.config_schema.c_str());
    return kOk;
  }
  if (!arguments.plugins_info.keys) {
    std::vector<std::vector<std::string>> rows{
        {"name", c.name},
        {"kind", c.kind},
        {"version", c.version},
        {"description", c.description},
        {"vendor", c.vendor},
        {"license", c.license},
        {"id", c.plugin_id},
        {"file", c.file},
        {"sha256", c.sha256},
        {"abi", std::to_string(c.abi_version >> 16) + "." + std::to_string(c.abi_version & 0xffff)}};
    if (c.kind == "exporter") {
      rows.push_back(
          {"formats", joined(c.formats) + (c.default_format.empty() ? "" : " (default " + c.default_format + ")")});
      std::vector<std::string> abilities;
      if ((c.exporter.flags & CSIEM_EXPORTER_PARTIAL) != 0) abilities.emplace_back("partial-results");
      if ((c.exporter.flags & CSIEM_EXPORTER_ACKS) != 0) abilities.emplace_back("acknowledgements");
      if ((c.exporter.flags & CSIEM_EXPORTER_OWN_IO) != 0) abilities.emplace_back("own-protocol");
      if (c.exporter.health != nullptr) abilities.emplace_back("health-check");
      if (c.exporter.notify != nullptr) abilities.emplace_back("alerts");
      rows.push_back({"abilities", joined(abilities)});
    } else {
      rows.push_back({"content type", c.content_type});
    }
    std::fputs(table(rows, arguments.global.plain).c_str(), stdout);
    std::fputs("\n", stdout);
  }
  if (c.config_schema.empty()) {
    std::fputs("takes no settings of its own\n", stdout);
    return kOk;
  }
  const config::SettingsCatalog::Answer answer{c.config_schema, c.formats, c.default_format};
  std::fputs(config::defaults_text(c.name, answer).c_str(), stdout);
  return kOk;
}

int plugins_path(const Arguments& arguments) {
  const auto registry = registry_for(arguments.global);
  const auto path = plugin::default_search_path({});
  for (const auto& directory : path.directories)
    std::printf("%-10s %s\n", directory.origin.c_str(), directory.path.c_str());
  for (const auto& file : registry->files())
    if (!file.shadowed_by.empty()) std::printf("shadowed   %s by %s\n", file.path.c_str(), file.shadowed_by.c_str());
  return kOk;
}

}  // namespace csiem::cli
