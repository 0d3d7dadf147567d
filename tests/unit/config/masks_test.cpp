// Settings that a plugin sees and people do not.
#include <doctest/doctest.h>

#include <map>

#include "support.hpp"

using namespace csiem::config;
using namespace csiem::config::test;

namespace {

Loaded with(const std::string& settings) {
  return load_text("version = \"1\"\n[exporters.it]\ntype = \"rules\"\n" + settings);
}

std::string shown(const Loaded& loaded, const std::string& key) {
  for (const auto& row : loaded.effective)
    if (row.key == "exporters.it." + key) return row.value;
  return "-";
}

}  // namespace

TEST_CASE("of a masked URL scheme and host are shown, of other masked settings nothing") {
  const auto loaded =
      with("url = \"https://hooks.example.com:8443/T00/B00?token=77\"\nheaders = { X-Key = \"value-77\" }\n");
  REQUIRE_MESSAGE(loaded.ok(), list(loaded));
  CHECK(shown(loaded, "url") == "\"https://hooks.example.com:8443/…\"");
  CHECK(shown(loaded, "headers.X-Key") == "\"…\"");
  CHECK(shown(with("url = \"https://h\"\n"), "url") == "\"https://h\"");
  CHECK(shown(with("url = \"https://h?q=1\"\n"), "url") == "\"https://h/…\"");
}

TEST_CASE("the plugin gets masked settings as they are, and the host knows which they are") {
  const auto loaded = with("url = \"https://h/hook\"\nheaders = { X-Key = \"value-77\" }\n");
  const auto& it = exporter(loaded, "it").fallback;
  CHECK(it.settings_json.find("https://h/hook") != std::string::npos);
  CHECK(it.settings_json.find("value-77") != std::string::npos);
  CHECK(it.masked == std::vector<std::string>{"value-77", "https://h/hook"});
}

TEST_CASE("excerpts show no more of them") {
  const auto loaded =
      with("url = \"https://h/hook-77\" # the hook\nheaders = { X-Key = \"value-77\", A = 5 }\nurk = 1\n");
  CHECK_FALSE(loaded.ok());
  std::string text;
  for (const auto& diagnostic : loaded.diagnostics) text += render(diagnostic, loaded.texts, false);
  CHECK(text.find("value-77") == std::string::npos);
  CHECK(loaded.texts.at("main.toml").find("hook-77") == std::string::npos);
  CHECK(loaded.texts.at("main.toml").find("https://h") != std::string::npos);
  CHECK(loaded.texts.at("main.toml").find("# the hook") != std::string::npos);
}

TEST_CASE("a malformed URL is not repeated by the suggestion") {
  const auto loaded = with("url = \"hooks.example.com/T00/B77\"\n");
  REQUIRE(loaded.diagnostics.size() == 1);
  CHECK(render(loaded.diagnostics[0], loaded.texts, false).find("B77") == std::string::npos);
}
