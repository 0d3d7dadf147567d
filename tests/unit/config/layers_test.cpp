// Files over files, the environment and --set over all.
#include <doctest/doctest.h>

#include <filesystem>

#include "support.hpp"

using namespace csiem::config;
using namespace csiem::config::test;

namespace {

constexpr const char* kMain = "version = \"1\"\n[global]\nenvironment = \"main\"\ntenant_id = \"main\"\n";

const Loaded::Effective* row(const Loaded& loaded, std::string_view key) {
  for (const auto& one : loaded.effective)
    if (one.key == key) return &one;
  return nullptr;
}

}  // namespace

TEST_CASE("a drop-in overrides the main file key by key") {
  const Directory directory;
  auto request = request_for(directory.write("main.toml", kMain));
  directory.write("conf.d/10-site.toml", "[global]\nenvironment = \"site\"\n[exporters.file]\npath = \"/a\"\n");
  directory.write("conf.d/20-more.toml", "[exporters.file]\nbatch_size = 5\n");
  directory.write("conf.d/notes.txt", "this is no TOML");
  request.conf_d = {directory.path() + "/conf.d"};
  const auto loaded = load(request);
  REQUIRE_MESSAGE(loaded.ok(), list(loaded));
  CHECK(loaded.configuration.global.environment == "site");
  CHECK(loaded.configuration.global.tenant_id == "main");
  CHECK(exporter(loaded, "file").batch_size == 5);
  CHECK(loaded.configuration.files.size() == 3);
  const auto* environment = row(loaded, "global.environment");
  REQUIRE(environment != nullptr);
  CHECK(environment->value == "\"site\"");
  CHECK(environment->origin.text() == directory.path() + "/conf.d/10-site.toml:2:15");
  REQUIRE(environment->shadowed.size() == 1);
  CHECK(environment->shadowed[0].text() == directory.path() + "/main.toml:3:15");
}

TEST_CASE("one key in two files of one layer is an error that names both places") {
  const Directory directory;
  auto request = request_for(directory.write("main.toml", kMain));
  directory.write("conf.d/10-a.toml", "[global]\ndebug = true\n");
  directory.write("conf.d/20-b.toml", "\nglobal.debug = false\n");
  request.conf_d = {directory.path() + "/conf.d"};
  const auto loaded = load(request);
  REQUIRE(loaded.diagnostics.size() == 1);
  const auto& finding = loaded.diagnostics[0];
  CHECK(finding.code == 1012);
  CHECK(finding.origin.text() == directory.path() + "/conf.d/20-b.toml:2:8");
  CHECK(finding.notes.at(0) == "also set at " + directory.path() + "/conf.d/10-a.toml:2:1");
}

TEST_CASE("a directory as --config is all of its TOML files, hidden ones excepted") {
  const Directory directory;
  directory.write("d/b.toml", "[global]\nenvironment = \"b\"\n");
  directory.write("d/a.toml", "version = \"1\"\n");
  directory.write("d/.c.toml", "not TOML");
  const auto loaded = load(request_for(directory.path() + "/d"));
  REQUIRE_MESSAGE(loaded.ok(), list(loaded));
  CHECK(loaded.configuration.global.environment == "b");
  CHECK(loaded.configuration.files.size() == 2);
}

TEST_CASE("a drop-in that links to /dev/null is not read") {
  const Directory directory;
  auto request = request_for(directory.write("main.toml", kMain));
  directory.write("conf.d/20-b.toml", "global.debug = true\n");
  std::filesystem::create_symlink("/dev/null", directory.path() + "/conf.d/10-off.toml");
  request.conf_d = {directory.path() + "/conf.d"};
  const auto loaded = load(request);
  CHECK_MESSAGE(loaded.ok(), list(loaded));
  CHECK(loaded.configuration.files.size() == 2);
}

TEST_CASE("routes of several files append; a plain array is replaced") {
  const Directory directory;
  auto request = request_for(directory.write("main.toml", R"(version = "1"
plugins.deny = ["a", "b"]
[exporters.file]
path = "/a"
[[exporters.file.routes]]
when = 'true'
set = { path = "/b" }
)"));
  directory.write("conf.d/10-a.toml", R"(plugins.deny = ["c"]
[[exporters.file.routes]]
when = 'true'
set = { path = "/c" }
)");
  request.conf_d = {directory.path() + "/conf.d"};
  const auto loaded = load(request);
  REQUIRE_MESSAGE(loaded.ok(), list(loaded));
  CHECK(loaded.configuration.plugins.deny == std::vector<std::string>{"c"});
  REQUIRE(exporter(loaded, "file").routes.size() == 2);
  CHECK(exporter(loaded, "file").routes[1].settings_json.find("\"path\":\"/c\"") != std::string::npos);
}

TEST_CASE("missing files are named") {
  const auto missing = load(request_for("/no/such/file.toml"));
  REQUIRE(missing.diagnostics.size() == 1);
  CHECK(missing.diagnostics[0].code == 1002);
  CHECK(missing.diagnostics[0].origin.text() == "/no/such/file.toml");
  const Directory empty;
  CHECK(find(load(request_for(empty.path())), 1002) != nullptr);
}

TEST_CASE("CLAWDSTRIKE_SIEM_CONFIG names the files when --config does not") {
  const Directory directory;
  LoadRequest request = request_for("");
  request.config.clear();
  request.privileged_defaults = true;
  request.environment = {{{"CLAWDSTRIKE_SIEM_CONFIG", directory.write("a.toml", kMain) + ":" +
                                                          directory.write("b.toml", "global.debug = true\n")}}};
  const auto loaded = load(request);
  CHECK_MESSAGE(loaded.ok(), list(loaded));
  CHECK(loaded.configuration.global.debug);
  CHECK(loaded.configuration.global.environment == "main");
}

TEST_CASE("the environment is over the files, --set over the environment, and texts become the type of their key") {
  Options options;
  options.environment_layer = true;
  options.environment = {{"CLAWDSTRIKE_SIEM__GLOBAL__ENVIRONMENT", "staging"},
                         {"CLAWDSTRIKE_SIEM__GLOBAL__TENANT_ID", "007"},
                         {"CLAWDSTRIKE_SIEM__GLOBAL__DEBUG", "true"},
                         {"CLAWDSTRIKE_SIEM__EXPORTERS__FILE__BATCH_SIZE", "25"},
                         {"CLAWDSTRIKE_SIEM__EXPORTERS__FILE__MAX_OPEN", "8"},
                         {"CLAWDSTRIKE_SIEM__EXPORTERS__FILE__PATH", "/from/$HOME"},
                         {"CLAWDSTRIKE_SIEM_SOCKET", "not a key"}};
  options.set = {"global.environment=cmdline", "exporters.file.concurrency = 3", "exporters.file.mode=0600",
                 "filtering.exclude_types=[\"session_start\"]"};
  const auto loaded = load_text(kMain, options);
  REQUIRE_MESSAGE(loaded.ok(), list(loaded));
  CHECK(loaded.configuration.global.environment == "cmdline");
  CHECK(loaded.configuration.global.tenant_id == "007");
  CHECK(loaded.configuration.global.debug);
  const auto& file = exporter(loaded, "file");
  CHECK(file.batch_size == 25);
  CHECK(file.concurrency == 3);
  CHECK(file.fallback.settings_json.find("\"max_open\":8") != std::string::npos);
  CHECK(file.fallback.settings_json.find("\"mode\":\"0600\"") != std::string::npos);
  CHECK(file.fallback.settings_json.find("/from/$HOME") != std::string::npos);
  CHECK(loaded.configuration.filtering.exclude_types == std::vector<std::string>{"session_start"});
  const auto* environment = row(loaded, "global.environment");
  REQUIRE(environment != nullptr);
  CHECK(environment->origin.text() == "--set global.environment");
  REQUIRE(environment->shadowed.size() == 2);
  CHECK(environment->shadowed[0].text() == "environment variable CLAWDSTRIKE_SIEM__GLOBAL__ENVIRONMENT");
  CHECK(environment->shadowed[1].text() == "main.toml:3:15");
}

TEST_CASE("mistakes in the environment and on the command line name their place") {
  struct Case {
    std::vector<std::string> set;
    std::vector<std::pair<std::string, std::string>> environment;
    int code;
    std::string origin;
  };
  const Case cases[] = {
      {{},
       {{"CLAWDSTRIKE_SIEM__GLOBAL__DEBUG", "maybe"}},
       1022,
       "environment variable CLAWDSTRIKE_SIEM__GLOBAL__DEBUG"},
      {{},
       {{"CLAWDSTRIKE_SIEM__GLOBAL__DEBUGG", "true"}},
       1021,
       "environment variable CLAWDSTRIKE_SIEM__GLOBAL__DEBUGG"},
      {{"global.debug=1"}, {}, 1022, "--set global.debug"},
      {{"global.debug"}, {}, 1001, "--set global.debug"},
      {{"plugins.deny=[\"a\""}, {}, 1001, "--set plugins.deny"},
      {{"a b=1"}, {}, 1001, "--set a b"},
      {{"global.tenant_id=a\nversion=\"9\""}, {}, 1001, "--set global.tenant_id"},
      {{"exporter_defaults.batch_size=0"}, {}, 1025, "--set exporter_defaults.batch_size"},
  };
  for (const auto& one : cases) {
    Options options;
    options.environment_layer = true;
    options.environment = one.environment;
    options.set = one.set;
    const auto loaded = load_text("version = \"1\"\n", options);
    const std::string all = list(loaded);
    CAPTURE(all);
    REQUIRE(loaded.diagnostics.size() == 1);
    CHECK(loaded.diagnostics[0].code == one.code);
    CHECK(loaded.diagnostics[0].origin.text() == one.origin);
  }
}

TEST_CASE("${NAME} takes its forms, in string values only, and is never read again") {
  Options options;
  options.environment = {{"NAME", "a\"b\nc"}, {"EMPTY", ""}, {"NESTED", "${NAME}"}};
  const auto value = [&](const std::string& text) {
    const auto loaded = load_text("version = \"1\"\n[global]\ntenant_id = '" + text + "'\n", options);
    return loaded.ok() ? loaded.configuration.global.tenant_id : list(loaded);
  };
  CHECK(value("${NAME}") == "a\"b\nc");
  CHECK(value("x${NAME}y") == "xa\"b\ncy");
  CHECK(value("${NESTED}") == "${NAME}");
  CHECK(value("${EMPTY}") == "");
  CHECK(value("${EMPTY:-d}") == "d");
  CHECK(value("${NONE:-}") == "");
  CHECK(value("${NONE:-a b}") == "a b");
  CHECK(value("$$") == "$");
  CHECK(value("$${NAME}") == "${NAME}");
  CHECK(value("5$ a$b") == "5$ a$b");
  const auto keys = load_text("version = \"1\"\n[global.labels]\n\"${NAME}\" = \"x\"\n", options);
  CHECK(keys.configuration.global.labels.at(0).first == "${NAME}");
}

TEST_CASE("an unset variable is complained about only where the value is used") {
  const auto shadowed = [] {
    Options options;
    options.set = {"global.tenant_id=set"};
    return load_text("version = \"1\"\n[global]\ntenant_id = \"${NO_SUCH}\"\n", options);
  }();
  CHECK(shadowed.ok());
  const auto disabled = load_text(
      "version = \"1\"\n[exporters.splunk]\nenabled = false\nhec_token = \"${NO_SUCH}\"\ntimeout = \"${NO_SUCH}\"\n");
  CHECK_MESSAGE(disabled.ok(), list(disabled));
  const auto used = load_text("version = \"1\"\n[exporters.file]\npath = \"${NO_SUCH}\"\ntimeout = \"${NO_SUCH}\"\n");
  CHECK(used.diagnostics.size() == 2);  // and no follow-up complaints about path and timeout
}

TEST_CASE("a variable in a secret works and is warned about; a reference in one is as good as written") {
  Options options;
  options.environment = {{"TOKEN", "s3cret-value"}, {"WHERE", "cred:SPLUNK"}};
  const auto text = [](const std::string& token) {
    return "version = \"1\"\n[exporters.splunk]\nhec_url = \"https://h\"\nhec_token = \"" + token + "\"\n";
  };
  const auto literal = load_text(text("${TOKEN}"), options);
  REQUIRE(find(literal, 2003) != nullptr);
  CHECK(exporter(literal, "splunk").fallback.secrets.at(0).literal == "s3cret-value");
  const auto reference = load_text(text("${WHERE}"), options);
  CHECK(reference.diagnostics.empty());
  CHECK(exporter(reference, "splunk").fallback.secrets.at(0).reference == "cred:SPLUNK");
}
