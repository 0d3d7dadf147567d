// How findings look, and what they never show.
#include <doctest/doctest.h>

#include "support.hpp"

using namespace csiem::config;
using namespace csiem::config::test;

namespace {

std::string rendered(const Loaded& loaded, bool colour = false) {
  std::string out;
  for (const auto& diagnostic : loaded.diagnostics) out += render(diagnostic, loaded.texts, colour);
  return out;
}

}  // namespace

TEST_CASE("the shape of a finding") {
  const auto loaded = load_text(
      "version = \"1\"\n[exporters.splunk]\nhec_url = \"https://h\"\nhec_token = \"cred:T\"\n\n\nbatch_sise = 250\n");
  CHECK(rendered(loaded) ==
        "error[CS1021]: unknown key 'batch_sise' in exporter 'splunk'\n"
        "  --> main.toml:7:1\n"
        "   |\n"
        " 7 | batch_sise = 250\n"
        "   | ^^^^^^^^^^ did you mean 'batch_size'?\n"
        "   |\n"
        "   = note: exporter type 'splunk' accepts 39 keys, see `clawdstrike-siem plugins info splunk --keys`\n"
        "   = help: `clawdstrike-siem explain CS1021`\n");
}

TEST_CASE("the gutter is as wide as the number, carets follow tabs and characters, not bytes") {
  const auto loaded = load_text("version = \"1\"\n\n\n\n\n\n\n\n\n\t[global]\n\tlabels = { ä = \"ü\", b = 5 }\n");
  CHECK(rendered(loaded).empty() == false);
  const Diagnostic diagnostic{Severity::warning, 1022, "m", {"f", 10, 6, 2}, "", {"n"}};
  CHECK(render(diagnostic, {{"f", "\n\n\n\n\n\n\n\n\n\täüö\tbc\n"}}, false) ==
        "warning[CS1022]: m\n"
        "   --> f:10:6\n"
        "    |\n"
        " 10 |     äüö    bc\n"
        "    |            ^^\n"
        "    |\n"
        "    = note: n\n"
        "    = help: `clawdstrike-siem explain CS1022`\n");
}

TEST_CASE("a finding without a line has no excerpt") {
  const Diagnostic diagnostic{Severity::error,          1002, "no configuration file was found",
                              {"/etc/x.toml", 0, 0, 0}, "h",  {}};
  CHECK(render(diagnostic, {}, false) ==
        "error[CS1002]: no configuration file was found\n"
        "  --> /etc/x.toml\n"
        "   = hint: h\n"
        "   = help: `clawdstrike-siem explain CS1002`\n");
}

TEST_CASE("a region of unknown end is underlined to the end of its line") {
  const Diagnostic diagnostic{Severity::error, 1022, "m", {"f", 1, 5, 0}, "", {}};
  CHECK(render(diagnostic, {{"f", "a = [1,\n2]\n"}}, false).find("   |     ^^^\n") != std::string::npos);
}

TEST_CASE("colour is added, nothing else changes") {
  const auto loaded = load_text("version = \"1\"\n[global]\ndebug = 1\n");
  std::string coloured = rendered(loaded, true);
  CHECK(coloured.find("\x1b[") != std::string::npos);
  for (auto at = coloured.find('\x1b'); at != std::string::npos; at = coloured.find('\x1b'))
    coloured.erase(at, coloured.find('m', at) - at + 1);
  CHECK(coloured == rendered(loaded));
}

TEST_CASE("nothing of a file can move the cursor of a terminal") {
  const auto loaded = load_text("version = \"1\"\n\"a\\u001b[2J\\u009b\\u202eb\" = 1 # \x7f\n");
  const std::string out = rendered(loaded);
  CHECK(out.find('\x1b') == std::string::npos);
  CHECK(out.find('\x7f') == std::string::npos);
  CHECK(out.find("\xc2\x9b") == std::string::npos);
  CHECK(out.find("\xe2\x80\xae") == std::string::npos);
}

TEST_CASE("a very long line is cut around its carets") {
  const std::string wide(5000, 'x');
  const auto loaded = load_text("version = \"1\"\nglobal = { tenant_id = \"" + wide +
                                "\", debug = 1, environment = \"" + wide + "\" }\n");
  for (const auto& diagnostic : loaded.diagnostics) {
    const auto out = render(diagnostic, loaded.texts, false);
    CHECK(out.size() < 1000);
    const auto line = out.find(" 2 | ");
    const auto caret_line = out.find("   | ", line);
    const auto caret = out.find('^', caret_line) - caret_line;
    CHECK(out[line + caret + 2] == '1');  // "…" has two bytes more than columns
  }
}

TEST_CASE("secrets are never shown") {
  const std::string kSecret = "hunter2";
  const std::string splunk = "version = \"1\"\n[exporters.splunk]\nhec_url = \"https://h\"\n";
  struct Case {
    std::string text;
    bool without_plugins = true;  // hidden even when nobody knows the plugin's schema
  };
  const Case cases[] = {
      // a literal secret, and an error on its line
      {splunk + "hec_token = \"hunter2\"\n"},
      {"version = \"1\"\n[exporters.webhook]\nurl = \"cred:U\"\nauth = { type = \"bearer\", token = \"hunter2\", extra "
       "= 1 }\n"},
      {"version = \"1\"\n[exporters.probe]\nhook = \"https://h/hunter2\"\nname = 1\n"},
      // a misspelt one
      {splunk + "hec_token = \"cred:T\"\nhec_tkn = \"hunter2\"\n", false},
      {splunk + "hec_token = \"cred:T\"\nfoo = \"hunter2\"\n", false},
      // one of the wrong type
      {splunk + "hec_token = [\"hunter2\"]\n"},
      // syntax errors on and behind its line
      {splunk + "hec_token = \"hunter2\n"},
      {splunk + "hec_token = 'hunter2' x\n"},
      {splunk + "hec_token = hunter2\n"},
      {splunk + "password = \"\"\"\nhunter2\" x\n"},
      {splunk + "auth = { token = \"hunter2\", }\n"},
      // in a URL, in a default, in a comment
      {"version = \"1\"\n[exporters.elastic]\nnodes = [\"https://user:hunter2@h\"]\n"},
      {splunk + "hec_token = \"${NO_SUCH:?}${X:-hunter2}\"\n"},
      {splunk + "hec_token = 5 # token = hunter2\n"},
      // unknown plugins
      {"version = \"1\"\n[exporters.nope]\napi_key = \"hunter2\"\nbatch_size = 0\n"},
      {"version = \"1\"\n[exporters.nope]\nx = { api_key = \"hunter2\", enabled = 1 }\n"},
      {"version = \"1\"\n[privacy]\nhash_key = \"hunter2\"\n"},
  };
  for (const auto& one : cases) {
    CAPTURE(one.text);
    for (const bool plugins : {true, false}) {
      if (!plugins && !one.without_plugins) continue;
      Options options;
      options.check_plugins = plugins;
      const auto loaded = load_text(one.text, options);
      const std::string out = rendered(loaded);
      if (plugins) CHECK_FALSE(out.empty());
      CHECK(out.find(kSecret) == std::string::npos);
      for (const auto& [file, shown] : loaded.texts) CHECK(shown.find(kSecret) == std::string::npos);
      for (const auto& row : loaded.effective) CHECK(row.value.find(kSecret) == std::string::npos);
    }
  }
}

TEST_CASE("carets stay under their word when a secret before it is hidden") {
  const auto loaded = load_text(
      "version = \"1\"\n[exporters.webhook]\nurl = \"cred:U\"\nauth = { token = \"hunter2\", type = \"bearer\", extra "
      "= 1 }\n");
  REQUIRE(loaded.diagnostics.size() == 2);
  CHECK(render(loaded.diagnostics[1], loaded.texts, false)
            .find(" 4 | auth = { token = \"…\", type = \"bearer\", extra = 1 }\n"
                  "   |                                        ^^^^^\n") != std::string::npos);
}
