// What most commands begin with: the configuration, its diagnostics, the plugins.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <string>

#include "cli/arguments.hpp"
#include "config/config.hpp"
#include "plugin/registry.hpp"

namespace csiem::cli {

// The configuration with the plugin registry that checked it.
struct Setup {
  config::Loaded loaded;
  std::unique_ptr<plugin::Registry> plugins;
};

struct SetupOptions {
  bool check_plugins = true;  // false: keys of plugins are not checked
  bool try_plugins = false;   // the plugins themselves are asked what they have against their settings
  bool check_files = false;   // certificates and directories that settings name are looked at
  bool allow_empty = true;    // false: something has to be enabled
  std::size_t max_errors = 50;
};
// Reads, merges and checks the configuration. Never prints.
Setup load_setup(const GlobalArguments& global, const SetupOptions& options);

// Prints diagnostics to standard error (warnings only unless quiet). Returns false when there are errors.
bool print_diagnostics(const config::Loaded& loaded, const GlobalArguments& global);
// The same as a JSON array.
std::string diagnostics_json(const config::Loaded& loaded);

// Applies [logging], -q, -v and CLAWDSTRIKE_SIEM_LOG.
void configure_logging(const config::Configuration& configuration, const GlobalArguments& global);

// A registry for commands that need no configuration.
std::unique_ptr<plugin::Registry> plain_registry(const GlobalArguments& global);

// "error[CS3001]: text" and the explain line, on standard error.
void print_error(const Error& error);

}  // namespace csiem::cli
