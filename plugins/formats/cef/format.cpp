// Format `cef`: lines of the ArcSight Common Event Format.
// SPDX-License-Identifier: Apache-2.0
#include <csiem/sdk.hpp>

#include "cef/line.hpp"

namespace {

constexpr char kSettings[] =
#include "cef/settings.inc"
    ;

csiem::cef::Settings read_settings(const csiem::Config& config) {
  csiem::cef::Settings settings;
  if (config.has("version")) throw std::invalid_argument("version: CEF:0 or CEF:1 is chosen by what each event needs");
  settings.host_name = config.text("csiem.host_name", "");
  settings.include_raw = config.boolean("include_raw", false);
  settings.custom_keys = config.boolean("custom_keys", false);
  return settings;
}

class Cef final : public csiem::Format {
 public:
  explicit Cef(const csiem::Config& config) : host_(config.host()), writer_(read_settings(config)) {}
  void encode(const csiem_event& event, csiem::Out& out) override {
    if (!writer_.write(event, out)) host_.count("raw_event_skipped_total");
  }

 private:
  csiem::Host host_;
  csiem::cef::Writer writer_;
};

}  // namespace

CSIEM_FORMAT_ABOUT(
    Cef, "io.clawdstrike.siem.cef", "cef", CSIEM_PLUGIN_VERSION, "text/plain",
    csiem::About().vendor("Clawdstrike").license("Apache-2.0").description("ArcSight Common Event Format lines"),
    kSettings);
