// What a configuration that loads becomes.
#include <doctest/doctest.h>

#include <algorithm>

#include "config/spec.hpp"
#include "config/value.hpp"
#include "support.hpp"

using namespace csiem::config;
using namespace csiem::config::test;

TEST_CASE("the complete example loads but for what cannot run in this version") {
  const auto loaded = load_file(CSIEM_TEST_DATA "/complete.toml");
  std::vector<std::string> found;
  for (const auto& diagnostic : loaded.diagnostics)
    found.push_back(std::to_string(diagnostic.code) + " " +
                    diagnostic.message.substr(0, diagnostic.message.find_first_of(':')));
  std::sort(found.begin(), found.end());
  const std::vector<std::string> expected = {"3001 exporter 'pagerduty'", "3001 exporter 'slack'"};
  CHECK(found == expected);

  const auto& c = loaded.configuration;
  CHECK(c.global.environment == "production");
  CHECK(c.global.tenant_id == "acme-corp");
  CHECK_FALSE(c.global.host_name.empty());
  CHECK(c.global.labels == std::vector<std::pair<std::string, std::string>>{{"team", "security"}});
  CHECK(c.filtering.min_severity == CSIEM_SEV_LOW);
  CHECK(c.filtering.exclude_types == std::vector<std::string>{"session_start"});
  CHECK(c.credentials.refresh_interval_ms == 300'000);
  CHECK(c.privacy.rules.drop_fields == std::vector<std::string>{"metadata.prompt"});
  CHECK(c.privacy.rules.redact_fields == std::vector<std::string>{"session.user_id"});
  CHECK(c.privacy.rules.detectors == std::vector<std::string>{"email", "aws_key", "jwt", "credit_card"});
  CHECK(c.privacy.rules.replacement == "[REDACTED]");
  CHECK(c.privacy.hash_key == "cred:PRIVACY_HASH_KEY");
  REQUIRE(c.sources.size() == 2);
  CHECK(c.sources[0].path == "/var/lib/hushd/audit.jsonl");
  CHECK_FALSE(c.sources[1].enabled);
  const auto& splunk = exporter(loaded, "splunk");
  CHECK(splunk.required);
  CHECK(splunk.rate_limit.requests_per_second == 100);
  CHECK(splunk.batch_size == 100);  // exporter_defaults are over the plugin's own
  REQUIRE(splunk.routes.size() == 1);
  CHECK(splunk.routes[0].when != nullptr);
  CHECK(splunk.routes[0].settings_json.find("\"index\":\"security_critical\"") != std::string::npos);
  CHECK(exporter(loaded, "elastic").tls.ca_file == "/etc/ssl/elastic-ca.pem");
}

TEST_CASE("a configuration of nothing but the version has the documented defaults") {
  const auto loaded = load_text("version = \"1.0\"\n");
  CHECK_MESSAGE(loaded.ok(), list(loaded));
  const Global expected;
  const auto& global = loaded.configuration.global;
  CHECK(global.data_dir == expected.data_dir);
  CHECK(global.shutdown_grace_ms == expected.shutdown_grace_ms);
  CHECK(global.memory_limit_bytes >= 64ULL << 20);
  CHECK(loaded.configuration.logging.level == Logging().level);
  CHECK(loaded.configuration.logging.format == Logging().format);
  CHECK(loaded.configuration.logging.rate_limit_window_ms == Logging().rate_limit_window_ms);
  CHECK(loaded.configuration.plugins.allow == Plugins().allow);
  CHECK(loaded.configuration.schema.default_format == Schema().default_format);
  CHECK(loaded.configuration.credentials.refresh_interval_ms == Credentials().refresh_interval_ms);
  CHECK(loaded.configuration.credentials.file_trim);
  CHECK(loaded.configuration.filtering.min_severity == CSIEM_SEV_INFO);
}

TEST_CASE("the defaults of the key table are those of the structs") {
  const auto loaded = load_text("version = \"1\"\n[exporters.bare]\n[sources.s]\ntype = \"jsonl\"\npath = \"/a\"\n");
  REQUIRE_MESSAGE(loaded.ok(), list(loaded));
  const Exporter expected;
  const auto& bare = exporter(loaded, "bare");
  CHECK(bare.type == "bare");
  CHECK(bare.enabled);
  CHECK(bare.required == expected.required);
  CHECK(bare.ordered == expected.ordered);
  CHECK(bare.batch_size == expected.batch_size);
  CHECK(bare.batch_max_bytes == expected.batch_max_bytes);
  CHECK(bare.flush_interval_ms == expected.flush_interval_ms);
  CHECK(bare.flush_on_severity == expected.flush_on_severity);
  CHECK(bare.concurrency == expected.concurrency);
  CHECK(bare.timeout_ms == expected.timeout_ms);
  CHECK(bare.health_interval_ms == expected.health_interval_ms);
  CHECK(bare.compression_level == expected.compression_level);
  CHECK(bare.retry.max_retries == expected.retry.max_retries);
  CHECK(bare.retry.initial_backoff_ms == expected.retry.initial_backoff_ms);
  CHECK(bare.retry.max_backoff_ms == expected.retry.max_backoff_ms);
  CHECK(bare.retry.backoff_multiplier == expected.retry.backoff_multiplier);
  CHECK(bare.retry.jitter == expected.retry.jitter);
  CHECK(bare.retry.max_elapsed_ms == expected.retry.max_elapsed_ms);
  CHECK(bare.rate_limit.requests_per_second == expected.rate_limit.requests_per_second);
  CHECK(bare.rate_limit.burst_size == expected.rate_limit.burst_size);
  CHECK(bare.rate_limit.bytes_per_second == expected.rate_limit.bytes_per_second);
  CHECK(bare.breaker.failure_threshold == expected.breaker.failure_threshold);
  CHECK(bare.breaker.open_for_ms == expected.breaker.open_for_ms);
  CHECK(bare.dlq.enabled == expected.dlq.enabled);
  CHECK(bare.tls.verify == expected.tls.verify);
  CHECK(bare.tls.min_version == expected.tls.min_version);
  const Source source;
  const auto& read = loaded.configuration.sources.at(0);
  CHECK(read.format == source.format);
  CHECK(read.read_from == source.read_from);
  CHECK(read.strict == source.strict);
  CHECK(read.unevaluated == source.unevaluated);
  CHECK(read.max_line_bytes == source.max_line_bytes);
  CHECK_FALSE(read.allow_foreign_lines);
}

TEST_CASE("every default of the key table is valid for its own key") {
  for (const auto keys : {root_keys(), source_keys(), exporter_only_keys(), exporter_keys()}) {
    for (const auto& key : keys) {
      const std::string path(key.path);
      CAPTURE(path);
      if (key.fallback.empty() || key.kind == Key::Kind::any) continue;
      CHECK_FALSE(std::holds_alternative<std::monostate>(fallback_value(key)));
      if (key.use == Key::Use::now) CHECK_FALSE(key.about.empty());
    }
  }
}

TEST_CASE("typed values are read in every form that they may be written in") {
  const auto loaded = load_text(R"(version = "1.0.0"
[global]
shutdown_grace = "1m30s"
memory_limit = "64MiB"
[credentials]
refresh_interval = "5m"
file = { dir = "/run/secrets", trim = false }
[exporter_defaults]
batch_max_bytes = 2048
retry.max_elapsed = "7d"
[exporters.file]
path = "/a"
flush_on_severity = "high"
filter = { min_severity = "medium", exclude_guards = ["SecretLeakGuard"] }
rate_limit = { requests_per_second = 0.5, bytes_per_second = "1MB" }
tls = { min_version = "1.3" }
[sources.in]
type = "stdin"
mode = "strict"
)");
  REQUIRE_MESSAGE(loaded.ok(), list(loaded));
  CHECK(loaded.configuration.global.shutdown_grace_ms == 90'000);
  CHECK(loaded.configuration.global.memory_limit_bytes == 64ULL << 20);
  CHECK(loaded.configuration.credentials.refresh_interval_ms == 300'000);
  CHECK(loaded.configuration.credentials.file_dir == "/run/secrets");
  CHECK_FALSE(loaded.configuration.credentials.file_trim);
  const auto& file = exporter(loaded, "file");
  CHECK(file.batch_max_bytes == 2048);
  CHECK(file.retry.max_elapsed_ms == 7LL * 86'400'000);
  CHECK(file.flush_on_severity == CSIEM_SEV_HIGH);
  CHECK(file.filter.min_severity == CSIEM_SEV_MEDIUM);
  CHECK(file.filter.exclude_guards == std::vector<std::string>{"SecretLeakGuard"});
  CHECK(file.rate_limit.requests_per_second == 0.5);
  CHECK(file.rate_limit.bytes_per_second == 1e6);
  CHECK(file.tls.min_version == "1.3");
  CHECK(loaded.configuration.sources.at(0).strict);
  CHECK(loaded.configuration.sources.at(0).allow_foreign_lines);  // the default for standard input
}

TEST_CASE("credentials.refresh_interval counts plain integers as seconds") {
  CHECK(
      load_text("version = \"1\"\ncredentials.refresh_interval = 60\n").configuration.credentials.refresh_interval_ms ==
      60'000);
  CHECK(
      load_text("version = \"1\"\ncredentials.refresh_interval = 0\n").configuration.credentials.refresh_interval_ms ==
      0);
}

TEST_CASE("a plugin's defaults are over the daemon's and under exporter_defaults and the exporter") {
  const std::string settings = "hec_url = \"https://h\"\nhec_token = \"cred:T\"\n";
  const auto plain = load_text("version = \"1\"\n[exporters.splunk]\n" + settings);
  CHECK(exporter(plain, "splunk").batch_size == 500);
  CHECK(exporter(plain, "splunk").batch_max_bytes == 1'000'000);
  CHECK(exporter(plain, "splunk").concurrency == 2);
  const auto common =
      load_text("version = \"1\"\n[exporter_defaults]\nbatch_size = 7\n[exporters.splunk]\n" + settings);
  CHECK(exporter(common, "splunk").batch_size == 7);
  CHECK(exporter(common, "splunk").batch_max_bytes == 1'000'000);
  const auto own = load_text(
      "version = \"1\"\n[exporter_defaults]\nbatch_size = 7\n[exporters.splunk]\nbatch_size = 8\n" + settings);
  CHECK(exporter(own, "splunk").batch_size == 8);
}

TEST_CASE("nothing enabled is an error unless it is allowed") {
  Options options;
  options.allow_empty = false;
  CHECK(find(load_text("version = \"1\"\n", options), 1060) != nullptr);
  const auto no_source = load_text("version = \"1\"\n[exporters.file]\npath = \"/a\"\n", options);
  REQUIRE(find(no_source, 1060) != nullptr);
  CHECK(find(no_source, 1060)->message == "no source is enabled");
  const auto disabled = load_text(
      "version = \"1\"\n[exporters.file]\npath = \"/a\"\n[sources.a]\nenabled = false\ntype = \"stdin\"\n", options);
  CHECK(find(disabled, 1060) != nullptr);
  const auto both =
      load_text("version = \"1\"\n[exporters.file]\npath = \"/a\"\n[sources.a]\ntype = \"stdin\"\n", options);
  CHECK_MESSAGE(both.ok(), list(both));
}

TEST_CASE("the settings of a disabled exporter are not the loader's business, its generic keys are") {
  const auto loaded =
      load_text("version = \"1\"\n[exporters.datadog]\nenabled = false\nsite = 5\nbatch_size = \"x\"\n");
  REQUIRE(loaded.diagnostics.size() == 1);
  CHECK(loaded.diagnostics[0].code == 1022);
}

TEST_CASE("without plugins to ask, the settings of exporters are not checked") {
  Options options;
  options.check_plugins = false;
  const auto loaded = load_text("version = \"1\"\n[exporters.anything]\nfoo = 1\nbatch_size = 0\n", options);
  REQUIRE(loaded.diagnostics.size() == 1);
  CHECK(loaded.diagnostics[0].code == 1025);
}

TEST_CASE("every problem of a file is found in one run, in order of position, up to the limit") {
  const std::string text =
      "version = \"1\"\n[logging]\nlevle = \"x\"\nformat = \"xml\"\n[global]\ndebug = 1\n[exporters.file]\npath = 5\n"
      "[exporters.nope]\n";
  const auto loaded = load_text(text);
  std::vector<int> codes;
  for (const auto& diagnostic : loaded.diagnostics) codes.push_back(diagnostic.code);
  CHECK(codes == std::vector<int>{1021, 1024, 1022, 1022, 3001});
  Options options;
  options.max_errors = 2;
  const auto limited = load_text(text, options);
  REQUIRE(limited.diagnostics.size() == 2);
  CHECK(limited.diagnostics[1].code == 1024);
  CHECK(limited.diagnostics[1].notes.back() == "3 more errors are not shown");
}

TEST_CASE("a syntax error does not bring consequences along") {
  const auto loaded = load_text("version = \"1\"\n[exporters.file\n");
  CHECK(loaded.diagnostics.size() == 1);
}

TEST_CASE("an exporter that can stop the others is a warning, unless it is the only one or required") {
  const std::string head = "version = \"1.0\"\n[exporters.one]\ntype = \"file\"\npath = \"/tmp/one\"\n";
  const std::string block = "queue.when_full = \"block\"\n";
  const std::string other = "[exporters.two]\ntype = \"file\"\npath = \"/tmp/two\"\n";
  CHECK(list(load_text(head + block)) == "");
  CHECK(list(load_text(head + block + "required = true\n" + other)) == "");
  CHECK(list(load_text(head + block + other + "enabled = false\n")) == "");
  CHECK(list(load_text(head + other)) == "");
  const auto loaded = load_text(head + block + other);
  CHECK(loaded.ok());
  const Diagnostic* warning = find(loaded, 1061);
  REQUIRE(warning != nullptr);
  CHECK(warning->severity == Severity::warning);
  CHECK(warning->origin.line == 5);
  const auto both = load_text("version = \"1.0\"\n[exporter_defaults]\n" + block +
                              "[exporters.one]\ntype = \"file\"\npath = \"/tmp/one\"\n" + other);
  CHECK(both.diagnostics.size() == 2);
}

TEST_CASE("a literal secret in a file for all to read is another warning") {
  const Directory directory;
  const std::string text = "version = \"1\"\n[exporters.splunk]\nhec_url = \"https://h\"\nhec_token = \"abcdef\"\n";
  const auto open = load_file(directory.write("open.toml", text, 0644));
  REQUIRE(find(open, 1101) != nullptr);
  CHECK(find(open, 1101)->severity == Severity::warning);
  CHECK(find(open, 2003) == nullptr);
  const auto closed = load_file(directory.write("closed.toml", text, 0640));
  CHECK(find(closed, 1101) == nullptr);
  REQUIRE(find(closed, 2003) != nullptr);
  CHECK(closed.ok());
}
