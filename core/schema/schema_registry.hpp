// Formats by name and version.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>

#include "base/result.hpp"
#include "plugin/registry.hpp"
#include "schema/output_settings.hpp"

namespace csiem::schema {

// What a format instance is told besides the event.
struct FormatSettings {
  std::string host_name;
  std::string daemon_version;
};

// Chooses the format of an exporter: its own `format`, else the default of [schema] if the exporter accepts it, else
// the plugin's default. Loading happens through the plugin registry.
class SchemaRegistry {
 public:
  SchemaRegistry(plugin::Registry& plugins, FormatSettings settings)
      : plugins_(plugins), settings_(std::move(settings)) {}

  // Null: the exporter takes no bodies. An explicit `requested` that the exporter does not accept is an error.
  Result<const plugin::Component*> choose(const plugin::Component& exporter, std::string_view requested,
                                          std::string_view default_format);
  // The configuration text for FormatInstance::create. The format refuses a version that it cannot write.
  std::string config_json(const plugin::Component& format, const OutputSettings& output) const;

 private:
  plugin::Registry& plugins_;
  FormatSettings settings_;
};

}  // namespace csiem::schema
