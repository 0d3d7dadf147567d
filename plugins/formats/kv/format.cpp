// Format `kv`: one line of key=value pairs, for receivers that know no other structure.
// SPDX-License-Identifier: Apache-2.0
#include <csiem/sdk.hpp>

#include "kv/pairs.hpp"

namespace {

class KeyValue final : public csiem::Format {
 public:
  explicit KeyValue(const csiem::Config& config) {
    if (config.has("version")) throw std::invalid_argument("version: the kv format has no versions");
  }
  void encode(const csiem_event& event, csiem::Out& out) override { csiem::kv::write_line(event, out); }
};

constexpr char kSettings[] = R"({
  "$schema": "https://json-schema.org/draft/2020-12/schema",
  "title": "Lines of key=value pairs",
  "type": "object",
  "properties": {}
})";

}  // namespace

CSIEM_FORMAT_ABOUT(
    KeyValue, "io.clawdstrike.siem.kv", "kv", CSIEM_PLUGIN_VERSION, "text/plain",
    csiem::About().vendor("Clawdstrike").license("Apache-2.0").description("One line of key=value pairs"), kSettings);
