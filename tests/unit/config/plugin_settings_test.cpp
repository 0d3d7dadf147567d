// What a plugin is given, and how its schema is applied.
#include <doctest/doctest.h>

#include "support.hpp"

using namespace csiem::config;
using namespace csiem::config::test;

namespace {

Loaded with(const std::string& type, const std::string& settings) {
  return load_text("version = \"1\"\nglobal.host_name = \"box\"\n[exporters.it]\ntype = \"" + type + "\"\n" + settings);
}

std::string json_of(const std::string& type, const std::string& settings) {
  const auto loaded = with(type, settings);
  return loaded.ok() ? exporter(loaded, "it").fallback.settings_json : list(loaded);
}

constexpr const char* kHost =
    R"("csiem":{"host_name":"box","version":"1.0.0","instance":"it","batch_max_bytes":1048576}})";

}  // namespace

TEST_CASE("settings reach the plugin as JSON with defaults, without the daemon's keys, with the host's object") {
  CHECK(
      json_of(
          "file",
          "path = \"/a\"\nbatch_size = 5\nformat = \"ecs\"\nrotate = { max_bytes = \"1MiB\", max_age = \"24h\" }\n") ==
      std::string(R"({"path":"/a","rotate":{"max_age":86400000,"max_bytes":1048576,"keep":14,"gzip":true},)") +
          R"("sync":"interval","mode":"0640","max_open":64,)" + kHost);
  CHECK(json_of("bare", "") == std::string("{") + kHost);
}

TEST_CASE("a plugin that opens connections itself is told how") {
  const auto json = json_of("network", "timeout = \"5s\"\ntls = { verify = false, min_version = \"1.3\" }\n");
  CHECK(
      json ==
      R"({"csiem":{"host_name":"box","version":"1.0.0","instance":"it","batch_max_bytes":1048576,"tls":{"verify":false,"ca_file":"",)"
      R"("cert_file":"","key_file":"","min_version":"1.3"},"timeout_ms":5000}})");
}

TEST_CASE("a nested table that was not written has the defaults inside of it") {
  const auto json = json_of("splunk", "hec_url = \"https://h\"\nhec_token = \"cred:T\"\n");
  CHECK(json.find(R"("ack":{"poll_interval":1000,"timeout":300000,"max_pending":1000})") != std::string::npos);
}

TEST_CASE("a plugin's defaults of the daemon's keys may depend on a setting, and what is written wins") {
  const auto hook = [](const std::string& more, const std::string& general = "") {
    const auto loaded =
        load_text("version = \"1\"\n" + general + "[exporters.it]\ntype = \"webhook\"\nurl = \"https://h/x\"\n" + more);
    CHECK_MESSAGE(loaded.ok(), list(loaded));
    return exporter(loaded, "it");
  };
  CHECK(hook("").batch_size == 1);
  CHECK(hook("framing = \"single\"\n").batch_size == 1);
  CHECK(hook("framing = \"array\"\n").batch_size == 100);
  const auto lines = hook("framing = \"ndjson\"\n");
  CHECK(lines.batch_size == 100);
  CHECK(lines.concurrency == 3);
  CHECK(hook("framing = \"ndjson\"\nbatch_size = 7\n").batch_size == 7);
  CHECK(hook("framing = \"ndjson\"\n", "[exporter_defaults]\nbatch_size = 9\n").batch_size == 9);
}

TEST_CASE("durations and sizes become numbers where the schema says integer") {
  CHECK(json_of("probe", "interval = \"1m\"\nlimit = \"1KB\"\n") ==
        std::string(R"({"interval":60000,"limit":1000,)") + kHost);
  CHECK(json_of("probe", "interval = 5000\npause = \"1h\"\n") ==
        std::string(R"({"interval":5000,"pause":"1h",)") + kHost);
}

TEST_CASE("alternatives, free tables and lists") {
  CHECK(json_of("probe", "switch = true\n") == std::string(R"({"switch":true,)") + kHost);
  CHECK(json_of("probe", "switch = \"auto\"\n") == std::string(R"({"switch":"auto",)") + kHost);
  CHECK(json_of("probe", "switch = [1, 2]\n") == std::string(R"({"switch":[1,2],)") + kHost);
  CHECK(json_of("probe", "open = { a = 1, b = [true, { c = \"x\" }] }\n") ==
        std::string(R"({"open":{"a":1,"b":[true,{"c":"x"}]},)") + kHost);
  CHECK(json_of("probe", "count = \"many\"\nratio = 1\n") == std::string(R"({"count":"many","ratio":1,)") + kHost);
  const auto wrong = with("probe", "switch = 1\n");
  REQUIRE(wrong.diagnostics.size() == 1);
  CHECK(wrong.diagnostics[0].message ==
        "'switch' in exporter 'it' takes true or false or a string or an array, not an integer");
  const auto twice = with("probe", "set = [\"a\", \"b\", \"a\"]\n");
  REQUIRE(twice.diagnostics.size() == 1);
  CHECK(twice.diagnostics[0].origin.column == 18);
}

TEST_CASE("headers take any name, their values are strings") {
  const auto json = json_of("webhook", "url = \"cred:U\"\nheaders = { \"X-Env\" = \"prod\" }\n");
  CHECK(json.find(R"("headers":{"X-Env":"prod"})") != std::string::npos);
  const auto wrong = with("webhook", "url = \"cred:U\"\nheaders = { A = 5 }\n");
  REQUIRE(wrong.diagnostics.size() == 1);
  CHECK(wrong.diagnostics[0].code == 1022);
}

TEST_CASE("the plugin sees handles, the host binds them") {
  const auto loaded = with("webhook",
                           "url = \"cred:file/hook\"\nauth = { type = \"bearer\", token = \"cred:TOKEN#field\" }\n"
                           "sign = { scheme = \"github\", secret = \"literal-value\", previous_secret = \"\" }\n");
  REQUIRE_MESSAGE(loaded.ok(), list(loaded));
  const auto& destination = exporter(loaded, "it").fallback;
  CHECK(destination.settings_json.find(R"("url":"url")") != std::string::npos);
  CHECK(destination.settings_json.find(R"("auth":{"token":"auth.token","type":"bearer"})") != std::string::npos);
  CHECK(destination.settings_json.find(R"("secret":"sign.secret")") != std::string::npos);
  CHECK(destination.settings_json.find("previous_secret") == std::string::npos);  // empty: not set
  CHECK(destination.settings_json.find("literal-value") == std::string::npos);
  REQUIRE(destination.secrets.size() == 3);
  CHECK(destination.secrets[0].handle == "auth.token");
  CHECK(destination.secrets[0].reference == "cred:TOKEN#field");
  CHECK(destination.secrets[1].handle == "sign.secret");
  CHECK(destination.secrets[1].literal == "literal-value");
  CHECK(destination.secrets[2].reference == "cred:file/hook");
  CHECK(destination.secrets[2].origin.line == 5);
  CHECK(destination.allowed_origins.empty());  // the URL is the secret: its origin is known when it is resolved
}

TEST_CASE("secrets in lists have handles with their index") {
  const auto loaded = with("probe", "keys = [{ id = \"a\", key = \"cred:A\" }, { id = \"b\", key = \"cred:B\" }]\n");
  REQUIRE_MESSAGE(loaded.ok(), list(loaded));
  const auto& secrets = exporter(loaded, "it").fallback.secrets;
  REQUIRE(secrets.size() == 2);
  CHECK(secrets[1].handle == "keys[1].key");
}

TEST_CASE("origins are lower case with their port, once each") {
  const auto loaded = with("elastic",
                           "nodes = [\"https://ES1.example.com/path\", \"https://es1.example.com:443\","
                           " \"http://[::1]:9200/\", \"http://127.0.0.1\"]\n");
  REQUIRE_MESSAGE(loaded.ok(), list(loaded));
  CHECK(exporter(loaded, "it").fallback.allowed_origins ==
        std::vector<std::string>{"https://es1.example.com:443", "http://[::1]:9200", "http://127.0.0.1:80"});
}

TEST_CASE("a plugin may add keys to the daemon's tables") {
  const auto loaded =
      with("elastic", "nodes = [\"https://h\"]\ntls = { ca_fingerprint = \"ab\", min_version = \"1.3\" }\n");
  REQUIRE_MESSAGE(loaded.ok(), list(loaded));
  CHECK(exporter(loaded, "it").tls.min_version == "1.3");
  CHECK(exporter(loaded, "it").fallback.settings_json.find(R"("tls":{"ca_fingerprint":"ab"})") != std::string::npos);
}

TEST_CASE("a route has the exporter's settings with its own over them, and handles of its own for its own secrets") {
  const auto loaded = with("splunk", R"(hec_url = "https://h"
hec_token = "cred:DEFAULT"
index = "main"
source = "s"
[[exporters.it.routes]]
name = "critical"
when = 'decision.severity == "critical"'
set = { index = "critical", hec_token = "cred:CRITICAL" }
[[exporters.it.routes]]
when = 'true'
set = { hec_url = "https://other:8088" }
)");
  REQUIRE_MESSAGE(loaded.ok(), list(loaded));
  const auto& it = exporter(loaded, "it");
  REQUIRE(it.routes.size() == 2);
  const auto& critical = it.routes[0];
  CHECK(critical.name == "critical");
  CHECK(critical.when_text == "decision.severity == \"critical\"");
  CHECK(critical.when != nullptr);
  CHECK(critical.settings_json.find(R"("index":"critical")") != std::string::npos);
  CHECK(critical.settings_json.find(R"("source":"s")") != std::string::npos);
  CHECK(critical.settings_json.find(R"("hec_token":"routes[0].hec_token")") != std::string::npos);
  CHECK(critical.secrets.at(0).handle == "routes[0].hec_token");
  CHECK(critical.secrets.at(0).reference == "cred:CRITICAL");
  CHECK(it.fallback.secrets.at(0).handle == "hec_token");
  CHECK(it.fallback.when == nullptr);
  CHECK(it.routes[1].secrets.at(0).handle == "hec_token");
  CHECK(it.routes[1].allowed_origins == std::vector<std::string>{"https://other:8088"});
}

TEST_CASE("a mistake that a route inherits is reported once") {
  const auto loaded =
      with("file", "path = \"/a\"\nmax_open = 0\n[[exporters.it.routes]]\nwhen = 'true'\nset = { path = \"/b\" }\n");
  CHECK(loaded.diagnostics.size() == 1);
}

TEST_CASE("allow_unconfined turns the error about templates into a warning") {
  const auto loaded = with("file", "path = \"{session.tenant_id}\"\nallow_unconfined = true\n");
  CHECK(loaded.ok());
  REQUIRE(find(loaded, 1051) != nullptr);
  CHECK(find(loaded, 1051)->severity == Severity::warning);
}

TEST_CASE("loopback and https need no warning about credentials in the clear") {
  for (const std::string url : {"http://127.0.0.1:8088", "http://localhost:8088", "http://[::1]:8088", "https://h"}) {
    CAPTURE(url);
    CHECK(with("splunk", "hec_url = \"" + url + "\"\nhec_token = \"cred:T\"\n").diagnostics.empty());
  }
  CHECK(find(with("splunk", "hec_url = \"http://localhost.example.com\"\nhec_token = \"cred:T\"\n"), 1108) != nullptr);
}

TEST_CASE("a cloud id names the origin of its deployment") {
  const auto origins = [](const std::string& id) {
    const auto loaded = with("elastic", "cloud_id = \"" + id + "\"\n");
    const auto& found = exporter(loaded, "it").fallback.allowed_origins;
    return loaded.ok() && found.size() == 1 ? found[0] : "";
  };
  CHECK(origins("x:ZXUuZXhhbXBsZS5pbzo5MjQzJGFiYyRkZWY=") == "https://abc.eu.example.io:9243");
  CHECK(origins(":ZXUuZXhhbXBsZS5pbyRhYmM") == "https://abc.eu.example.io:443");
  for (const std::string bad : {"x", "x:", "x:%%%%", "x:ZXU", "x:ZXUkYUBi", "x:a", "x:JGFiYw=="}) {
    CAPTURE(bad);
    CHECK(origins(bad) == "");
  }
}

TEST_CASE("a site names the hosts that a vendor serves it from") {
  const auto origins = [](const std::string& settings) {
    const auto loaded = with("site", settings);
    return loaded.ok() ? exporter(loaded, "it").fallback.allowed_origins : std::vector<std::string>{list(loaded)};
  };
  using Origins = std::vector<std::string>;
  CHECK(origins("") == Origins{"https://intake.example.com:443", "https://api.example.com:8443"});
  const Origins eu{"https://intake.vendor.eu:443", "https://api.vendor.eu:8443"};
  for (const std::string site : {"vendor.eu", "app.vendor.eu", "https://app.vendor.eu/", " .Vendor.EU. "}) {
    CAPTURE(site);
    CHECK(origins("site = \"" + site + "\"\n") == eu);
  }
  for (const std::string bad : {"", "vendor", "evil.com/x", "a b.com", "vendor.eu:444", "u@vendor.eu", "a..b", "app.",
                                "vendor.eu?x", "v_x.eu"}) {
    CAPTURE(bad);
    const auto loaded = with("site", "site = \"" + bad + "\"\n");
    REQUIRE(loaded.diagnostics.size() == 1);
    CHECK(loaded.diagnostics[0].code == 1024);
    CHECK(loaded.diagnostics[0].origin.line == 5);
  }
}

TEST_CASE("a URL that may be literal or a reference is what it is written as") {
  const auto literal = with("webhook", "url = \"https://hook.example.com/x\"\n");
  CHECK(literal.diagnostics.empty());
  CHECK(exporter(literal, "it").fallback.allowed_origins == std::vector<std::string>{"https://hook.example.com:443"});
  CHECK(exporter(literal, "it").fallback.secrets.empty());
  const auto secret = with("webhook", "url = \"cred:HOOK\"\n");
  CHECK(secret.diagnostics.empty());
  CHECK(exporter(secret, "it").fallback.allowed_origins.empty());
  CHECK(exporter(secret, "it").fallback.secrets.size() == 1);
}

TEST_CASE("an event may choose a host among those that the operator names") {
  const auto loaded = with("webhook",
                           "url = \"https://{labels.region}.example.com/in\"\n"
                           "allow_hosts = [\"*.Example.com\", \"hooks.test\"]\nallow_private = true\n");
  REQUIRE_MESSAGE(loaded.ok(), list(loaded));
  REQUIRE(find(loaded, 1110) != nullptr);
  const auto& destination = exporter(loaded, "it").fallback;
  CHECK(destination.allowed_origins.empty());
  CHECK(destination.allowed_hosts == std::vector<std::string>{"*.example.com", "hooks.test"});
  CHECK(destination.allow_private);
  for (const char* bad : {"*.com", "*", "a.example:443", "https://a.example", "a b", ""}) {
    CAPTURE(bad);
    CHECK_FALSE(with("webhook", "url = \"https://a.example/\"\nallow_hosts = [\"" + std::string(bad) + "\"]\n").ok());
  }
  // Other exporters' addresses have no placeholders in their hosts.
  CHECK_FALSE(with("elastic", "nodes = [\"https://{labels.x}.example.com\"]\n").ok());
}

TEST_CASE("a URL that is a secret as a whole leaves its origin to whoever resolves it") {
  const auto loaded = with("probe", "hook = \"https://h/path\"\n");
  CHECK(exporter(loaded, "it").fallback.allowed_origins.empty());
  CHECK(exporter(loaded, "it").fallback.secrets.at(0).literal == "https://h/path");
}
