// clawdstrike-siem config show and config defaults.
#include <cstdio>
#include <string>

#include "cli/arguments.hpp"
#include "cli/setup.hpp"
#include "cli/terminal.hpp"
#include "config/config.hpp"

namespace csiem::cli {
namespace {

bool wanted(const config::Loaded::Effective& entry, const ConfigShowArguments& arguments) {
  if (entry.is_default && !arguments.defaults) return false;
  if (arguments.exporter.empty()) return true;
  return entry.key.rfind("exporters." + arguments.exporter + ".", 0) == 0;
}

void print_json(const config::Loaded& loaded, const ConfigShowArguments& arguments) {
  std::string text = "{\"schema\":\"clawdstrike-siem/config-show/v1\",\"keys\":[";
  bool first = true;
  for (const auto& entry : loaded.effective) {
    if (!wanted(entry, arguments)) continue;
    text += std::string(first ? "" : ",") + "{\"key\":" + json_text(entry.key) +
            ",\"value\":" + json_text(entry.value) + ",\"origin\":" + json_text(entry.origin.text()) +
            ",\"shadowed\":[";
    for (std::size_t i = 0; i < entry.shadowed.size(); ++i)
      text += (i == 0 ? "" : ",") + json_text(entry.shadowed[i].text());
    text += "]}";
    first = false;
  }
  std::printf("%s]}\n", text.c_str());
}

}  // namespace

int config_show(const Arguments& arguments) {
  const Setup setup = load_setup(arguments.global, {});
  if (!print_diagnostics(setup.loaded, arguments.global)) return kConfig;
  if (arguments.global.json) {
    print_json(setup.loaded, arguments.config_show);
    return kOk;
  }
  const bool colour = use_colour(arguments.global, 1);
  const char* grey = colour ? "\x1b[90m" : "";
  const char* plain = colour ? "\x1b[0m" : "";
  for (const auto& entry : setup.loaded.effective) {
    if (!wanted(entry, arguments.config_show)) continue;
    std::printf("%s = %s", entry.key.c_str(), entry.value.c_str());
    if (arguments.config_show.origin) {
      std::printf("%s  # %s", grey, entry.is_default ? "default" : entry.origin.text().c_str());
      for (const auto& shadowed : entry.shadowed) std::printf(", shadows %s", shadowed.text().c_str());
      std::printf("%s", plain);
    }
    std::printf("\n");
  }
  return kOk;
}

int config_defaults(const Arguments& arguments) {
  if (arguments.defaults_type.empty()) {
    std::fputs(config::defaults_text().c_str(), stdout);
    return kOk;
  }
  const auto registry = plain_registry(arguments.global);
  const auto component = registry->exporter(arguments.defaults_type);
  if (!component) {
    print_error(component.error());
    return kConfig;
  }
  const config::SettingsCatalog::Answer answer{(*component)->config_schema, (*component)->formats,
                                               (*component)->default_format};
  std::fputs(config::defaults_text(arguments.defaults_type, answer).c_str(), stdout);
  return kOk;
}

}  // namespace csiem::cli
