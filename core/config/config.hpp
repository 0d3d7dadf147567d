// The typed, validated configuration. Plain data: no running objects, no TOML.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "event/attack_overrides.hpp"
#include "process/filter.hpp"
#include "process/privacy/settings.hpp"
#include "schema/output_settings.hpp"

namespace csiem::config {

// Where a value was written: file:line:column, 1-based, columns in code points. line 0: a default, the environment or
// --set (then `file` says which).
struct Origin {
  std::string file;
  uint32_t line = 0, column = 0, length = 0;
  std::string text() const;  // "clawdstrike-siem.toml:12:9"
};

struct Global {
  std::string environment, tenant_id, host_name;  // host_name is filled with the machine's name when empty
  bool override_fields = false, debug = false;
  std::vector<std::pair<std::string, std::string>> labels;
  std::string data_dir = "/var/lib/clawdstrike-siem";
  int64_t shutdown_grace_ms = 30'000;
  std::shared_ptr<const event::AttackOverrides> attack;  // of global.attack_file; null: our tables alone
  uint64_t memory_limit_bytes = 256ULL << 20;            // "auto" is resolved by the loader
};

struct Logging {
  std::string level = "info";
  std::string format = "auto";  // auto | text | json
  int64_t rate_limit_window_ms = 10'000;
};

struct Plugins {
  std::vector<std::string> path, allow = {"*"}, deny;
  bool require_digest = false;
  std::vector<std::pair<std::string, std::string>> digests;
};

struct Source {
  std::string id, type;  // jsonl | stdin (others are refused until their room exists)
  bool enabled = true;
  std::string path;
  std::string format = "auto";
  std::string read_from = "checkpoint";
  bool strict = false;  // mode = "strict"
  bool keep_payloads = false;
  std::string unevaluated = "keep";
  bool allow_foreign_lines = false;
  bool strict_seed_categories = false;
  uint64_t max_line_bytes = 4ULL << 20;
  std::string default_agent_id, default_agent_version, default_session_id;
  Origin origin;
};

struct Store {
  std::string durability = "sync";  // sync | interval | none
  int64_t interval_ms = 500;
  uint64_t max_bytes = 4ULL << 30;
};

struct Schema {
  std::string default_format = "ecs";
  schema::OutputSettings output;
};

struct Privacy {
  process::PrivacySettings rules;
  std::string hash_key;  // a cred: reference or a literal; empty: none
  Origin hash_key_origin;
};

struct Credentials {
  std::string provider = "env";
  int64_t refresh_interval_ms = 300'000;
  std::string on_auth_error = "refresh";
  std::string env_prefix;
  std::string file_dir;
  bool file_trim = true, file_trust_mount = false;
};

struct Retry {
  int64_t max_retries = -1;
  int64_t initial_backoff_ms = 1000, max_backoff_ms = 30'000;
  double backoff_multiplier = 2.0;
  std::string jitter = "full";  // full | equal | none
  int64_t max_elapsed_ms = 24LL * 3600 * 1000;
};
struct RateLimit {
  double requests_per_second = 0;  // 0: none
  double burst_size = 1;
  double bytes_per_second = 0;
};
struct CircuitBreaker {
  int64_t failure_threshold = 5, open_for_ms = 30'000;
};
struct Queue {
  uint64_t max_bytes = 1ULL << 30;
  int64_t max_age_ms = 7LL * 24 * 3600 * 1000;
  std::string when_full = "drop_lowest_severity";  // drop_lowest_severity | drop_oldest | dlq | block
  Origin when_full_origin;
};
struct DeadLetters {
  bool enabled = true;
  uint64_t max_bytes = 256ULL << 20;
  int64_t max_age_ms = 30LL * 24 * 3600 * 1000;
};
struct Tls {
  bool verify = true;
  std::string ca_file, cert_file, key_file, min_version = "1.2";
};

// A setting that holds a secret. One of the plugin's it sees as `handle` in its configuration and names it so to the
// host; kKeyPassphrase is the daemon's own.
inline constexpr std::string_view kKeyPassphrase = "tls.key_passphrase";
struct SecretBinding {
  std::string handle;     // the setting's dotted path, "hec_token" or "auth.token"; for routes "routes[0].hec_token"
  std::string reference;  // "cred:…" text; empty when `literal` holds
  std::string literal;
  Origin origin;
};

// One destination of an exporter: its own settings, or those with a route's `set` applied.
struct Destination {
  std::shared_ptr<const process::Expression> when;  // null for the exporter's own
  std::string when_text, name;
  std::string settings_json;  // the plugin's settings as create() gets them; defaults filled in, secrets as handles,
                              // plus the host's "csiem" object
  std::vector<SecretBinding> secrets;
  // From "x-csiem-origin" settings, as http::origin_of() gives them. A URL that is a secret as a whole is not among
  // them: who binds the credential adds its origin when it is resolved.
  std::vector<std::string> allowed_origins;
  // Of hosts that events choose ("x-csiem-origin": "hosts"): names, or "*.name". Private addresses among them are
  // refused unless `allow_private`.
  std::vector<std::string> allowed_hosts;
  bool allow_private = false;
  // Plain settings whose text people are not to see ("x-csiem-mask"), as written. Of a URL only the origin is shown.
  std::vector<std::string> masked;
  // Files that the plugin will write ("x-csiem-writes"); up to the first '{' literally.
  struct Written {
    std::string path;
    Origin origin;
  };
  std::vector<Written> writes;
  std::map<std::string, Origin> places;  // of the plugin's settings that somebody wrote, by dotted path
  Origin origin;
};

struct Exporter {
  std::string id, type;
  bool enabled = true, required = false, ordered = false;
  std::string format;             // empty: chosen by the schema registry
  schema::OutputSettings output;  // [schema] with what [exporters.ID.schema] says
  process::FilterSettings filter;
  std::vector<Destination> routes;  // first match wins
  Destination fallback;             // when no route matches
  uint64_t batch_size = 100, batch_max_bytes = 1 << 20;
  int64_t flush_interval_ms = 200;
  int32_t flush_on_severity = CSIEM_SEV_CRITICAL;
  uint32_t concurrency = 2;  // 0: adaptive
  int64_t timeout_ms = 30'000, health_interval_ms = 30'000;
  int compression_level = 1;
  std::string proxy;
  Retry retry;
  RateLimit rate_limit;
  CircuitBreaker breaker;
  int32_t priority_severity = CSIEM_SEV_CRITICAL;
  std::string start = "now";  // now | oldest | a time
  int64_t start_unix_ns = 0;  // of a time
  Queue queue;
  DeadLetters dlq;
  bool announce_gaps = false;
  Tls tls;
  Origin origin;
};

// The admin socket and who may do what through it.
struct Admin {
  std::string socket = "auto";  // a path; "auto": chosen by admin::socket_path(); empty: none
  unsigned socket_mode = 0660;
  std::vector<std::string> viewers, operators, admins;  // unix groups of the peer
};

struct Configuration {
  Global global;
  Logging logging;
  Plugins plugins;
  std::vector<Source> sources;
  Store store;
  Schema schema;
  process::FilterSettings filtering;
  Privacy privacy;
  Credentials credentials;
  Admin admin;
  std::vector<Exporter> exporters;
  std::vector<std::string> files;  // that were read, lowest layer first
};

enum class Severity { error, warning };

// One finding. Printed by render().
struct Diagnostic {
  Severity severity = Severity::error;
  int code = 0;  // of messages.def
  std::string message;
  Origin origin;
  std::string hint;                // under the carets: "did you mean 'batch_size'?"
  std::vector<std::string> notes;  // "= note: …"
};

// The shape of ux.md 3.1, with source excerpt, carets and the explain line. Secret values are never shown.
// `excerpts` maps a file name to its text.
std::string render(const Diagnostic& diagnostic, const std::map<std::string, std::string>& excerpts, bool colour);

// The settings that a plugin takes, as the loader needs them. Asked for enabled exporters only.
class SettingsCatalog {
 public:
  virtual ~SettingsCatalog() = default;
  struct Answer {
    std::string schema_json;  // "" = takes no settings
    std::vector<std::string> formats;
    std::string default_format;
  };
  // Nothing when the plugin cannot be used; `problem` and `code` say why (CS3001 … CS3009).
  virtual std::optional<Answer> exporter(std::string_view type, std::string* problem, int* code) = 0;
  virtual std::vector<std::string> exporter_names() = 0;
  // What the plugin itself has against settings that its schema lets pass, one line per problem: "key.path: what is
  // wrong; what to write instead". Nothing: it takes them, or it is not to be asked now.
  virtual std::vector<std::string> refusals(std::string_view /*type*/, const std::string& /*exporter*/,
                                            const std::string& /*settings_json*/) {
    return {};
  }
};

struct LoadRequest {
  std::vector<std::string> config;  // --config, in order; empty: the search order of ux.md 2.1
  std::vector<std::string> conf_d;  // --conf-d
  std::vector<std::string> set;     // --set key=value
  bool privileged_defaults = true;  // false in tests: no /etc, no search order, no CLAWDSTRIKE_SIEM_… variables
  bool check_plugins = true;        // false: keys of plugins are not checked (validate --no-plugins)
  bool allow_empty = false;         // true: no CS1060 when no source or no exporter is enabled
  bool check_files = false;         // true: certificates and directories that settings name are looked at
  std::size_t max_errors = 50;
  // Instead of the process's environment; for tests and `validate` of another machine's settings.
  std::optional<std::vector<std::pair<std::string, std::string>>> environment;
  // Called once, after [plugins] is read and before exporters are checked.
  std::function<std::unique_ptr<SettingsCatalog>(const Plugins&)> catalog;
};

struct Loaded {
  Configuration configuration;               // meaningful only without errors
  std::vector<Diagnostic> diagnostics;       // sorted by file, then position
  std::map<std::string, std::string> texts;  // of every file read, for render()
  bool ok() const;                           // no errors
  // Effective keys for `config show`: dotted path, TOML value (secrets as "…"), origin, shadowed origins.
  struct Effective {
    std::string key, value;
    Origin origin;
    std::vector<Origin> shadowed;
    bool is_default = false;
  };
  std::vector<Effective> effective;
};

Loaded load(const LoadRequest& request);

// Every key of the daemon with default and one line of description, as annotated TOML; with `type`, the settings of
// that exporter from its schema.
std::string defaults_text();
std::string defaults_text(std::string_view type, const SettingsCatalog::Answer& answer);

// "1h30m" to milliseconds; "64KiB" to bytes. Nothing when malformed.
std::optional<int64_t> parse_duration_ms(std::string_view text);
std::optional<uint64_t> parse_size(std::string_view text);

}  // namespace csiem::config
