// Format `native`: the canonical event itself, as stored.
// SPDX-License-Identifier: Apache-2.0
#include <csiem/sdk.hpp>

#include "native/canonical.hpp"

namespace {

class Native final : public csiem::Format {
 public:
  explicit Native(const csiem::Config& config) {
    if (config.has("version")) throw std::invalid_argument("version: the native format has no versions");
  }
  // The host writes the text once per event; without it (another host, a test) it is built here.
  void encode(const csiem_event& event, csiem::Out& out) override {
    if (event.canonical_json.len != 0) {
      out.raw(csiem::view(event.canonical_json));
    } else {
      csiem::formats::write_canonical(event, out);
    }
  }
};

constexpr char kSettings[] = R"({
  "$schema": "https://json-schema.org/draft/2020-12/schema",
  "title": "Canonical security events as JSON",
  "type": "object",
  "properties": {}
})";

}  // namespace

CSIEM_FORMAT_ABOUT(Native, "io.clawdstrike.siem.native", "native", CSIEM_PLUGIN_VERSION, "application/json",
                   csiem::About()
                       .vendor("Clawdstrike")
                       .license("Apache-2.0")
                       .description("The canonical security event as one JSON object"),
                   kSettings);
