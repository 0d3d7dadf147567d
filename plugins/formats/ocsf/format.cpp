// Format `ocsf`: events of the Open Cybersecurity Schema Framework.
// SPDX-License-Identifier: Apache-2.0
#include <csiem/sdk.hpp>

#include "ocsf/document.hpp"

namespace {

constexpr char kSettings[] =
#include "ocsf/settings.inc"
    ;

csiem::ocsf::Settings read_settings(const csiem::Config& config) {
  csiem::ocsf::Settings settings;
  settings.host_name = config.text("csiem.host_name", "");
  settings.version = config.text("version", settings.version);
  settings.include_raw = config.boolean("include_raw", false);
  if (!csiem::ocsf::known_version(settings.version))
    throw std::invalid_argument("version: \"" + settings.version + "\" is not one of 1.5.0, 1.6.0, 1.7.0, 1.8.0");
  const std::string mode = config.text("mode", "finding");
  if (mode != "finding" && mode != "activity")
    throw std::invalid_argument("mode: \"" + mode + "\" is neither finding nor activity");
  settings.mode = mode == "finding" ? csiem::ocsf::Mode::finding : csiem::ocsf::Mode::activity;
  return settings;
}

class Ocsf final : public csiem::Format {
 public:
  explicit Ocsf(const csiem::Config& config) : writer_(read_settings(config)) {}
  void encode(const csiem_event& event, csiem::Out& out) override { writer_.write(event, out); }

 private:
  csiem::ocsf::Writer writer_;
};

}  // namespace

CSIEM_FORMAT_ABOUT(Ocsf, "io.clawdstrike.siem.ocsf", "ocsf", CSIEM_PLUGIN_VERSION, "application/json",
                   csiem::About()
                       .vendor("Clawdstrike")
                       .license("Apache-2.0")
                       .description("Open Cybersecurity Schema Framework 1.5 to 1.8 events"),
                   kSettings);
