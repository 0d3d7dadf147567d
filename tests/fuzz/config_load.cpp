// Any bytes as a configuration file: no crash, and every finding can be rendered. libFuzzer.
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <string>

#include "config/config.hpp"

namespace {

class Catalog final : public csiem::config::SettingsCatalog {
 public:
  std::optional<Answer> exporter(std::string_view type, std::string* problem, int* code) override {
    if (type == "splunk")
      return Answer{
          R"({"required":["hec_url"],"properties":{"hec_url":{"type":"string","x-csiem-origin":true},
              "hec_token":{"type":"string","x-csiem-secret":true},"wait":{"type":"integer","format":"duration"},
              "ack":{"oneOf":[{"type":"boolean"},{"type":"object","properties":{"n":{"type":"integer"}}}]}}})",
          {"*"},
          "ecs"};
    *problem = "not there";
    *code = 3001;
    return std::nullopt;
  }
  std::vector<std::string> exporter_names() override { return {"splunk"}; }
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  static const std::string path = "/tmp/csiem-fuzz-config-" + std::to_string(getpid()) + ".toml";
  if (std::FILE* file = std::fopen(path.c_str(), "wb")) {
    std::fwrite(data, 1, size, file);
    std::fclose(file);
  }
  csiem::config::LoadRequest request;
  request.config = {path};
  request.privileged_defaults = false;
  request.environment = {{{"HOME", "/root"}}};
  request.catalog = [](const csiem::config::Plugins&) { return std::make_unique<Catalog>(); };
  const auto loaded = csiem::config::load(request);
  for (const auto& finding : loaded.diagnostics) {
    const auto text = csiem::config::render(finding, loaded.texts, true);
    if (text.empty()) std::abort();
  }
  return 0;
}
