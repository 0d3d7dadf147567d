// Format `ecs`: Elastic Common Schema 8.17 documents.
// SPDX-License-Identifier: Apache-2.0
#include <csiem/sdk.hpp>

#include "ecs/document.hpp"

namespace {

constexpr char kSettings[] = R"({
  "$schema": "https://json-schema.org/draft/2020-12/schema",
  "title": "Elastic Common Schema 8.17",
  "type": "object",
  "properties": {
    "version": {
      "description": "The ECS version to write.",
      "type": "string",
      "enum": ["8.17.0"],
      "default": "8.17.0"
    },
    "namespace": {
      "description": "Top-level object for what ECS has no field for: letters, digits and underscores, no ECS field set.",
      "type": "string",
      "pattern": "^[A-Za-z0-9_]+$",
      "default": "clawdstrike"
    },
    "include_raw": {
      "description": "Attach the redacted canonical event as text in event.original.",
      "type": "boolean",
      "default": false
    }
  }
})";

csiem::ecs::Settings read_settings(const csiem::Config& config) {
  csiem::ecs::Settings settings;
  settings.host_name = config.text("csiem.host_name", "");
  settings.name_space = config.text("namespace", settings.name_space);
  settings.include_raw = config.boolean("include_raw", false);
  if (const std::string version = config.text("version", "8.17.0"); version != "8.17.0")
    throw std::invalid_argument("version: \"" + version + "\" is not 8.17.0");
  if (const std::string problem = csiem::ecs::namespace_problem(settings.name_space); !problem.empty())
    throw std::invalid_argument("namespace: \"" + settings.name_space + "\" " + problem);
  return settings;
}

class Ecs final : public csiem::Format {
 public:
  explicit Ecs(const csiem::Config& config) : writer_(read_settings(config)) {}
  void encode(const csiem_event& event, csiem::Out& out) override { writer_.write(event, out); }

 private:
  csiem::ecs::Writer writer_;
};

}  // namespace

CSIEM_FORMAT_ABOUT(
    Ecs, "io.clawdstrike.siem.ecs", "ecs", CSIEM_PLUGIN_VERSION, "application/json",
    csiem::About().vendor("Clawdstrike").license("Apache-2.0").description("Elastic Common Schema 8.17 documents"),
    kSettings);
