// The keys of the daemon's own sections.
#include "config/spec.hpp"

namespace csiem::config {
namespace {

using K = Key::Kind;
using U = Key::Use;

#define CSIEM_EVENT_TYPES                                                                               \
  "policy_violation|policy_allow|guard_block|guard_warn|secret_detected|egress_blocked|forbidden_path|" \
  "patch_rejected|session_start|session_end"

constexpr Key kRoot[] = {
    {"version", K::text, "\"1.0.0\"", "", "format of this file; the major number must match the daemon's"},

    {"global.environment", K::text, "\"\"", "", "stamped into session.environment when the event has none"},
    {"global.tenant_id", K::text, "\"\"", "", "stamped into session.tenant_id when the event has none"},
    {"global.host_name", K::text, "\"\"", "", "\"\" = the machine's name"},
    {"global.override", K::flag, "false", "", "true = environment and tenant_id replace what the event has"},
    {"global.debug", K::flag, "false", "", "true = log level debug"},
    {"global.labels", K::text_map, "{}", "", "merged into event.labels; the event's own win"},
    {"global.attack_file", K::text, "\"\"", "", "rows that replace the built-in ATT&CK technique of a guard"},
    {"global.data_dir", K::text, "\"/var/lib/clawdstrike-siem\"", "", "checkpoints, dead letters, quarantine"},
    {"global.shutdown_grace", K::duration, "\"30s\"", "0s..1h", "how long a stop waits for deliveries"},
    {"global.memory_limit", K::memory, "\"auto\"", "16MiB..1TiB",
     "of events held; auto = 75 % of the cgroup's limit, else 256MiB"},

    {"logging.level", K::word, "\"info\"", "trace|debug|info|warn|error|off", "least severe line that is written"},
    {"logging.format", K::word, "\"auto\"", "auto|text|json", "auto = json under a service manager, else text"},
    {"logging.rate_limit_window", K::duration, "\"10s\"", "0s..1h",
     "identical messages per (code, exporter) collapse in this window"},

    {"plugins.path", K::texts, "[]", "", "extra directories, searched before the package's"},
    {"plugins.allow", K::texts, "[\"*\"]", "", "globs on names of plugins that may be loaded"},
    {"plugins.deny", K::texts, "[]", "", "globs on names that may not; wins over allow"},
    {"plugins.require_digest", K::flag, "false", "", "true = only plugins whose SHA-256 stands in plugins.digests"},
    {"plugins.digests", K::text_map, "{}", "", "name = \"sha256:<64 hex digits>\""},

    {"schema.default_format", K::text, "\"ecs\"", "", "format of exporters that state none and accept this one"},
    {"schema.validate", K::word, "\"warn\"", "off|warn|enforce",
     "off = send it unseen; warn = count it and send; enforce = dead letter"},
    {"schema.include_raw", K::flag, "false", "", "true = attach the redacted canonical event"},
    {"schema.field_mappings", K::text_map, "{}", "", "of ECS: canonical path = output path"},
    {"schema.versions", K::text_map, "{}", "", "format = version of its schema to write, as ocsf = \"1.5.0\""},
    {"schema.ecs.namespace", K::text, "\"clawdstrike\"", "", "top-level object for what ECS has no field for"},
    {"schema.ecs.field_mappings", K::text_map, "{}", "", "more of the same"},
    {"schema.ecs.include_fields", K::texts, "[]", "", "only these fields, and what ECS requires; [] = all"},
    {"schema.ecs.exclude_fields", K::texts, "[]", "", "not these fields, even if included"},
    {"schema.ocsf.mode", K::word, "\"finding\"", "finding|activity", "what denials and warnings become"},
    {"schema.ocsf.field_mappings", K::text_map, "{}", "", "canonical path = attribute, or metadata.tags.NAME"},
    {"schema.ocsf.include_fields", K::texts, "[]", "", "only these attributes, and what OCSF requires; [] = all"},
    {"schema.ocsf.exclude_fields", K::texts, "[]", "", "not these attributes, even if included"},
    {"schema.cef.custom_keys", K::flag, "false", "", "true = labels and metadata in keys of our own"},
    {"schema.cef.field_mappings", K::text_map, "{}", "", "canonical path = key, or \"cs5:Label\""},
    {"schema.cef.include_fields", K::texts, "[]", "", "only these keys; [] = all"},
    {"schema.cef.exclude_fields", K::texts, "[]", "", "not these keys, even if included"},
    {"schema.native", K::any, "", "", "options of one format", U::refused},

    {"filtering.min_severity", K::severity, "\"info\"", "", "least severe event that is kept"},
    {"filtering.include_types", K::words, "[]", CSIEM_EVENT_TYPES, "event types that are kept; [] = all"},
    {"filtering.exclude_types", K::words, "[]", CSIEM_EVENT_TYPES, "event types that are not"},
    {"filtering.include_guards", K::texts, "[]", "", "guards whose events are kept; [] = all"},
    {"filtering.exclude_guards", K::texts, "[]", "", "guards whose events are not"},
    {"filtering.include_tenants", K::texts, "[]", "", "tenants whose events are kept; [] = all"},
    {"filtering.exclude_tenants", K::texts, "[]", "", "tenants whose events are not"},
    {"filtering.when", K::expression, "\"\"", "", "expression that kept events satisfy; \"\" = true"},

    {"privacy.keep_fields", K::texts, "[]", "",
     "not empty: everything else is taken out; what is required is replaced"},
    {"privacy.drop_fields", K::texts, "[]", "", "removed before anything is stored or sent"},
    {"privacy.redact_fields", K::texts, "[]", "", "replaced before anything is stored or sent"},
    {"privacy.redact_patterns", K::texts, "[]", "", "built-in detectors whose finds are replaced, in any text"},
    {"privacy.patterns", K::text_map, "{}", "", "own detectors: name = RE2 expression; group 1, or all, is replaced"},
    {"privacy.replacement", K::text, "\"[REDACTED]\"", "", "what stands in the place of what was taken out"},
    {"privacy.hash_fields", K::texts, "[]", "", "HMAC-SHA256 with privacy.hash_key, keeps joins possible"},
    {"privacy.hash_key", K::secret, "\"\"", "", "at least 16 bytes"},

    {"credentials.provider", K::word, "\"env\"", "env|file|vault|k8s_secret", "resolves cred:NAME", U::now,
     "vault|k8s_secret"},
    {"credentials.refresh_interval", K::seconds, "300", "0s..30d", "seconds, or \"5m\"; 0 = never"},
    {"credentials.on_auth_error", K::word, "\"refresh\"", "refresh|ignore",
     "refresh = read the credential again once when it is refused"},
    {"credentials.env.prefix", K::text, "\"\"", "", "\"CS_\" makes cred:X read CS_X"},
    {"credentials.file.dir", K::text, "\"\"", "",
     "\"\" = $CREDENTIALS_DIRECTORY, else /etc/clawdstrike-siem/secrets.d"},
    {"credentials.file.trim", K::flag, "true", "", "remove one line break at the end"},
    {"credentials.file.trust_mount", K::flag, "false", "", "true = accept the modes of a container's secret mount"},

    {"admin.socket", K::text, "\"auto\"", "",
     "auto = admin.sock in the service's or the user's runtime directory; \"\" = none"},
    {"admin.socket_mode", K::text, "\"0660\"", "", "permissions of the socket, octal"},
    {"admin.roles.viewer", K::texts, "[\"clawdstrike-siem\"]", "", "unix groups that may see status and exporters"},
    {"admin.roles.operator", K::texts, "[\"clawdstrike-siem-ops\"]", "", "and pause, resume and flush exporters"},
    {"admin.roles.admin", K::texts, "[\"root\"]", "", "and everything else; root and the daemon's user always may"},

    {"exporter_defaults", K::any, "", "", "keys of every exporter"},
    {"exporters", K::any, "", "", "one table per destination"},
    {"sources", K::any, "", "", "one table per input"},

    {"store.durability", K::word, "\"sync\"", "sync|interval|none", "sync = an event is on the disk before it is used"},
    {"store.interval", K::duration, "\"500ms\"", "1ms..1h", "between syncs when durability is interval"},
    {"store.max_bytes", K::size, "\"4GiB\"", "1MiB..64TiB", "of the store; then limits act, at last the sources wait"},

    // From here on: sections of later versions, checked so that a file that has them loads today.
    {"credentials.max_stale", K::duration, "\"24h\"", "", "", U::later},
    {"credentials.grace", K::duration, "\"0s\"", "", "", U::later},
    {"credentials.vault.address", K::text, "", "", "", U::later},
    {"credentials.vault.path", K::text, "", "", "", U::later},
    {"credentials.vault.auth_method", K::word, "", "kubernetes|approle|token|token_file|jwt|cert", "", U::later},
    {"credentials.vault.role", K::text, "", "", "", U::later},
    {"credentials.vault.mount", K::text, "", "", "", U::later},
    {"credentials.vault.namespace", K::text, "", "", "", U::later},
    {"credentials.vault.ca_file", K::text, "", "", "", U::later},
    {"credentials.vault.kv_version", K::integer, "", "1..2", "", U::later},
    {"credentials.vault.redirect_hosts", K::texts, "", "", "", U::later},
    {"credentials.k8s_secret.mount_path", K::text, "", "", "", U::later},
    {"credentials.k8s_secret.name", K::text, "", "", "", U::later},
    {"credentials.k8s_secret.namespace", K::text, "", "", "", U::later},
    {"credentials.k8s_secret.trust_mount", K::flag, "", "", "", U::later},

    {"threat_intel.enabled", K::flag, "false", "", "", U::refused},
    {"threat_intel.taxii.enabled", K::flag, "", "", "", U::later},
    {"threat_intel.taxii.servers[].name", K::text, "", "", "", U::later},
    {"threat_intel.taxii.servers[].url", K::text, "", "", "", U::later},
    {"threat_intel.taxii.servers[].api_root", K::text, "", "", "", U::later},
    {"threat_intel.taxii.servers[].collection_id", K::text, "", "", "", U::later},
    {"threat_intel.taxii.servers[].version", K::word, "", "2.0|2.1", "", U::later},
    {"threat_intel.taxii.servers[].auth.type", K::word, "", "none|basic|bearer|header|mtls", "", U::later},
    {"threat_intel.taxii.servers[].auth.username", K::secret, "", "", "", U::later},
    {"threat_intel.taxii.servers[].auth.password", K::secret, "", "", "", U::later},
    {"threat_intel.taxii.servers[].auth.token", K::secret, "", "", "", U::later},
    {"threat_intel.feed.interval_minutes", K::integer, "", "1..10080", "", U::later},
    {"threat_intel.feed.page_size", K::integer, "", "1..100000", "", U::later},
    {"threat_intel.feed.include_types", K::texts, "", "", "", U::later},
    {"threat_intel.feed.min_confidence", K::integer, "", "0..100", "", U::later},
    {"threat_intel.feed.added_after", K::text, "", "", "", U::later},
    {"threat_intel.feed.cache_ttl_hours", K::integer, "", "1..87600", "", U::later},
    {"threat_intel.cache.persistent", K::flag, "", "", "", U::later},
    {"threat_intel.cache.path", K::text, "", "", "", U::later},
    {"threat_intel.cache.max_size", K::integer, "", "0..100000000", "", U::later},
    {"threat_intel.actions.block_egress", K::flag, "", "", "", U::later},
    {"threat_intel.actions.block_paths", K::flag, "", "", "", U::later},
    {"threat_intel.actions.enrich_events", K::flag, "", "", "", U::later},
    {"threat_intel.actions.blocklist_file", K::text, "", "", "", U::later},

    {"response.enabled", K::flag, "false", "", "", U::refused},
    {"response.dry_run", K::flag, "true", "", "", U::later},
    {"response.hooks[].name", K::text, "", "", "", U::later},
    {"response.hooks[].when", K::expression, "", "", "", U::later},
    {"response.hooks[].action", K::word, "", "webhook|exporter|blocklist_add", "", U::later},
    {"response.hooks[].exporter", K::text, "", "", "", U::later},
    {"response.hooks[].timeout", K::duration, "", "", "", U::later},
    {"response.hooks[].max_per_minute", K::integer, "", "0..1000000", "", U::later},
    {"response.hooks[].max_per_hour", K::integer, "", "0..1000000", "", U::later},
    {"response.hooks[].dry_run", K::flag, "", "", "", U::later},
    {"response.hooks[].idempotency_key", K::text, "", "", "", U::later},
    {"response.hooks[].dedup_window", K::duration, "", "", "", U::later},
    {"alerting", K::any, "", "", "", U::refused},

    {"admin.listen", K::text, "", "", "", U::later},
    {"admin.status_page", K::flag, "", "", "", U::later},
    {"metrics.enabled", K::flag, "", "", "", U::later},
    {"metrics.tenant_label", K::flag, "", "", "", U::later},
    {"metrics.latency_buckets", K::reals, "", "", "", U::later},
    {"audit.enabled", K::flag, "", "", "", U::later},
    {"audit.path", K::text, "", "", "", U::later},
};

constexpr Key kSource[] = {
    {"type", K::word, "", "jsonl|stdin|hushd|http|unix", "jsonl = follow a file; stdin = standard input"},
    {"enabled", K::flag, "true", "", "false = as if the table were not there"},
    {"path", K::text, "\"\"", "", "of jsonl: the file to follow, through rotation"},
    {"format", K::word, "\"auto\"",
     "auto|security_event|hushd_audit|openclaw_store|adapter_core|policy_event|audit_v2|irm_event|hushd_webhook|"
     "hushd_sse",
     "shape of the records; auto = detect it per line"},
    {"read_from", K::word, "\"checkpoint\"", "checkpoint|beginning|end",
     "checkpoint = where the last run stopped; the first run starts at the end"},
    {"mode", K::word, "\"repair\"", "repair|strict", "strict = quarantine what would be repaired"},
    {"keep_payloads", K::flag, "false", "", "true = tool parameters and contents verbatim, not as digests"},
    {"unevaluated", K::word, "\"keep\"", "keep|drop", "policy events that carry no decision"},
    {"allow_foreign_lines", K::flag, "false", "", "true = count lines that are no JSON, do not quarantine them"},
    {"strict_seed_categories", K::flag, "false", "", "true = write tool as process, session as authentication"},
    {"max_line_bytes", K::size, "\"4MiB\"", "1KiB..256MiB", "longer lines are quarantined"},
    {"default_agent_id", K::text, "\"agent-default\"", "", "agent.id of records without one"},
    {"default_agent_version", K::text, "\"0.0.0\"", "", "agent.version of records without one"},
    {"default_session_id", K::text, "\"session-default\"", "", "session.id of records without one"},

    {"url", K::text, "", "", "", U::later},
    {"api_key", K::secret, "", "", "", U::later},
    {"catch_up", K::flag, "", "", "", U::later},
    {"poll_interval", K::duration, "", "", "", U::later},
};

}  // namespace

std::span<const Key> root_keys() { return kRoot; }
std::span<const Key> source_keys() { return kSource; }

}  // namespace csiem::config
