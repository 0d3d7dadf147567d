#include "cli/setup.hpp"

#include <cstdio>
#include <cstdlib>
#include <string_view>
#include <utility>

#include "base/log.hpp"
#include "base/messages.hpp"
#include "cli/probe.hpp"
#include "cli/terminal.hpp"

namespace csiem::cli {
namespace {

// The configuration loader's view of the plugin registry.
class RegistryCatalog final : public config::SettingsCatalog {
 public:
  RegistryCatalog(plugin::Registry& plugins, bool try_plugins) : plugins_(plugins), try_plugins_(try_plugins) {}

  std::optional<Answer> exporter(std::string_view type, std::string* problem, int* code) override {
    auto found = plugins_.exporter(type);
    if (!found) {
      *problem = found.error().what();
      *code = found.error().message_code();
      return std::nullopt;
    }
    const plugin::Component& component = **found;
    return Answer{component.config_schema, component.formats, component.default_format};
  }
  std::vector<std::string> exporter_names() override { return plugins_.names("exporter"); }
  std::vector<std::string> refusals(std::string_view type, const std::string& exporter,
                                    const std::string& settings_json) override {
    if (!try_plugins_) return {};
    const auto component = plugins_.exporter(type);
    return component ? try_create(**component, exporter, settings_json) : std::vector<std::string>{};
  }

 private:
  plugin::Registry& plugins_;
  const bool try_plugins_;
};

plugin::SearchPath search_path(const config::Plugins& settings) {
  plugin::SearchPath path = plugin::default_search_path(settings.path);
  path.allow = settings.allow;
  path.deny = settings.deny;
  path.require_digest = settings.require_digest;
  path.digests = settings.digests;
  return path;
}

std::unique_ptr<plugin::Registry> open_registry(plugin::SearchPath path, const GlobalArguments& global) {
  auto registry = std::make_unique<plugin::Registry>(std::move(path));
  for (const auto& file : global.plugin_files)
    if (auto added = registry->add_file(file); !added) print_error(added.error());
  return registry;
}

}  // namespace

Setup load_setup(const GlobalArguments& global, const SetupOptions& options) {
  Setup setup;
  config::LoadRequest request;
  request.config = global.config;
  request.conf_d = global.conf_d;
  request.set = global.set;
  request.check_plugins = options.check_plugins;
  request.check_files = options.check_files;
  request.allow_empty = options.allow_empty;
  request.max_errors = options.max_errors;
  request.catalog = [&](const config::Plugins& settings) -> std::unique_ptr<config::SettingsCatalog> {
    setup.plugins = open_registry(search_path(settings), global);
    return std::make_unique<RegistryCatalog>(*setup.plugins, options.try_plugins);
  };
  setup.loaded = config::load(request);
  if (!setup.plugins) setup.plugins = plain_registry(global);
  return setup;
}

bool print_diagnostics(const config::Loaded& loaded, const GlobalArguments& global) {
  const bool colour = use_colour(global, 2);
  for (const auto& diagnostic : loaded.diagnostics) {
    if (global.quiet && diagnostic.severity == config::Severity::warning) continue;
    std::fputs(config::render(diagnostic, loaded.texts, colour).c_str(), stderr);
  }
  return loaded.ok();
}

std::string diagnostics_json(const config::Loaded& loaded) {
  std::string text = "[";
  for (const auto& diagnostic : loaded.diagnostics) {
    if (text.size() > 1) text += ',';
    text += "{\"severity\":";
    text += diagnostic.severity == config::Severity::error ? "\"error\"" : "\"warning\"";
    text += ",\"code\":" + json_text(messages::code_text(diagnostic.code));
    text += ",\"message\":" + json_text(diagnostic.message);
    text += ",\"file\":" + json_text(diagnostic.origin.file);
    text += ",\"line\":" + std::to_string(diagnostic.origin.line);
    text += ",\"column\":" + std::to_string(diagnostic.origin.column);
    text += ",\"hint\":" + json_text(diagnostic.hint) + "}";
  }
  return text + "]";
}

void configure_logging(const config::Configuration& configuration, const GlobalArguments& global) {
  log::Settings settings;
  std::string level = configuration.logging.level;
  if (const char* wanted = std::getenv("CLAWDSTRIKE_SIEM_LOG"); wanted != nullptr && *wanted != '\0') level = wanted;
  settings.level = level == "trace"   ? log::Level::trace
                   : level == "debug" ? log::Level::debug
                   : level == "warn"  ? log::Level::warn
                   : level == "error" ? log::Level::error
                   : level == "off"   ? log::Level::off
                                      : log::Level::info;
  if (configuration.global.debug && settings.level > log::Level::debug) settings.level = log::Level::debug;
  if (global.verbose == 1) settings.level = log::Level::debug;
  if (global.verbose > 1) settings.level = log::Level::trace;
  if (global.quiet) settings.level = log::Level::error;
  settings.format = configuration.logging.format == "json" ? log::Format::json : log::Format::text;
  settings.repeat_window_ms = configuration.logging.rate_limit_window_ms;
  log::configure(settings);
}

std::unique_ptr<plugin::Registry> plain_registry(const GlobalArguments& global) {
  return open_registry(plugin::default_search_path({}), global);
}

void print_error(const Error& error) {
  if (error.message_code() == 0) {
    std::fprintf(stderr, "error: %s\n", error.what().c_str());
    return;
  }
  const std::string code = messages::code_text(error.message_code());
  std::fprintf(stderr, "error[%s]: %s\n  = help: `clawdstrike-siem explain %s`\n", code.c_str(), error.what().c_str(),
               code.c_str());
}

}  // namespace csiem::cli
