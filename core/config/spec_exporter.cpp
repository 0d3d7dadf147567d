// The keys that every exporter takes, whatever its plugin.
#include "config/spec.hpp"

namespace csiem::config {
namespace {

using K = Key::Kind;
using U = Key::Use;

constexpr std::string_view kEventTypes =
    "policy_violation|policy_allow|guard_block|guard_warn|secret_detected|egress_blocked|forbidden_path|"
    "patch_rejected|session_start|session_end";

constexpr Key kOnly[] = {
    {"type", K::text, "", "", "name of the plugin; the table's name when it is not given"},
    {"enabled", K::flag, "true", "", "false = as if the table were not there"},
    {"routes[].when", K::expression, "", "", "events that go this way; the first match wins"},
    {"routes[].name", K::text, "\"\"", "", "shown in messages"},
    {"routes[].set", K::any, "", "", "settings of the plugin that differ on this way"},
};

constexpr Key kBoth[] = {
    {"format", K::text, "\"\"", "", "\"\" = schema.default_format if the exporter accepts it, else its own"},
    {"required", K::flag, "false", "", "true = the daemon is not ready while this exporter is not healthy"},
    {"ordered", K::flag, "false", "", "true = in order of arrival, one request at a time"},

    {"filter.min_severity", K::severity, "\"info\"", "", "least severe event that is sent"},
    {"filter.include_types", K::words, "[]", kEventTypes, "event types that are sent; [] = all"},
    {"filter.exclude_types", K::words, "[]", kEventTypes, "event types that are not"},
    {"filter.include_guards", K::texts, "[]", "", "guards whose events are sent; [] = all"},
    {"filter.exclude_guards", K::texts, "[]", "", "guards whose events are not"},
    {"filter.include_tenants", K::texts, "[]", "", "tenants whose events are sent; [] = all"},
    {"filter.exclude_tenants", K::texts, "[]", "", "tenants whose events are not"},
    {"filter.when", K::expression, "\"\"", "", "expression that sent events satisfy; \"\" = true"},

    {"batch_size", K::integer, "100", "1..100000", "events in one batch at most"},
    {"batch_max_bytes", K::size, "\"1MiB\"", "1KiB..1GiB", "bytes in one batch at most, before compression"},
    {"flush_interval_ms", K::integer, "200", "1..600000", "how long a batch waits to become full"},
    {"flush_on_severity", K::severity, "\"critical\"", "", "from this severity on, do not wait"},
    {"concurrency", K::permits, "2", "1..64", "batches on their way at the same time, or \"adaptive\""},
    {"timeout", K::duration, "\"30s\"", "100ms..10m", "of one request, from connecting to the last byte"},
    {"health_interval", K::duration, "\"30s\"", "1s..24h", "between health checks while there is nothing to send"},
    {"compression_level", K::integer, "1", "1..12", "of gzip, where the plugin compresses"},
    {"proxy", K::text, "\"\"", "", "http://host:port; \"\" = HTTPS_PROXY and NO_PROXY"},

    {"retry.max_retries", K::integer, "-1", "-1..1000000", "attempts after the first; -1 = until max_elapsed"},
    {"retry.initial_backoff_ms", K::integer, "1000", "1..3600000", "before the first retry"},
    {"retry.max_backoff_ms", K::integer, "30000", "1..86400000", "the backoff grows no further"},
    {"retry.backoff_multiplier", K::real, "2.0", "1..100", "growth per retry"},
    {"retry.jitter", K::word, "\"full\"", "full|equal|none", "randomness of the backoff"},
    {"retry.max_elapsed", K::duration, "\"24h\"", "1s..365d", "then the events go to the dead letters"},

    {"rate_limit.requests_per_second", K::real, "0", "0..1000000", "0 = no limit"},
    {"rate_limit.burst_size", K::real, "1", "1..1000000", "requests that may leave at once after a pause"},
    {"rate_limit.bytes_per_second", K::size, "0", "", "0 = no limit"},

    {"circuit_breaker.failure_threshold", K::integer, "5", "1..10000", "failures in a row that open the breaker"},
    {"circuit_breaker.open_for", K::duration, "\"30s\"", "100ms..24h", "until the next probe"},

    {"tls.verify", K::flag, "true", "", "false = any certificate is accepted; do not"},
    {"tls.ca_file", K::text, "\"\"", "", "\"\" = the system's trust store"},
    {"tls.cert_file", K::text, "\"\"", "", "client certificate"},
    {"tls.key_file", K::text, "\"\"", "", "its private key"},
    {"tls.key_passphrase", K::secret, "\"\"", "", "of the private key, where it is encrypted"},
    {"tls.min_version", K::word, "\"1.2\"", "1.2|1.3", "oldest TLS version"},

    {"schema.validate", K::word, "\"warn\"", "off|warn|enforce", "instead of [schema]'s"},
    {"schema.include_raw", K::flag, "false", "", "instead of [schema]'s"},
    {"schema.field_mappings", K::text_map, "{}", "", "instead of [schema]'s"},
    {"schema.versions", K::text_map, "{}", "", "instead of [schema]'s"},
    {"schema.ecs.namespace", K::text, "\"clawdstrike\"", "", "instead of [schema.ecs]'s"},
    {"schema.ecs.field_mappings", K::text_map, "{}", "", "instead of [schema.ecs]'s"},
    {"schema.ecs.include_fields", K::texts, "[]", "", "instead of [schema.ecs]'s"},
    {"schema.ecs.exclude_fields", K::texts, "[]", "", "instead of [schema.ecs]'s"},
    {"schema.ocsf.mode", K::word, "\"finding\"", "finding|activity", "instead of [schema.ocsf]'s"},
    {"schema.ocsf.field_mappings", K::text_map, "{}", "", "instead of [schema.ocsf]'s"},
    {"schema.ocsf.include_fields", K::texts, "[]", "", "instead of [schema.ocsf]'s"},
    {"schema.ocsf.exclude_fields", K::texts, "[]", "", "instead of [schema.ocsf]'s"},
    {"schema.cef.custom_keys", K::flag, "false", "", "instead of [schema.cef]'s"},
    {"schema.cef.field_mappings", K::text_map, "{}", "", "instead of [schema.cef]'s"},
    {"schema.cef.include_fields", K::texts, "[]", "", "instead of [schema.cef]'s"},
    {"schema.cef.exclude_fields", K::texts, "[]", "", "instead of [schema.cef]'s"},

    {"allow_unconfined", K::flag, "false", "", "true = a template may begin with an event field"},

    {"queue.max_bytes", K::size, "\"1GiB\"", "64KiB..64TiB", "of the log that the exporter may lag behind"},
    {"queue.max_age", K::duration, "\"7d\"", "1s..3650d", "how old what it lags behind may become"},
    {"queue.when_full", K::word, "\"drop_lowest_severity\"", "block|drop_oldest|drop_lowest_severity|dlq",
     "what happens then; block = the sources wait when the store is full"},
    {"announce_gaps", K::flag, "false", "", "true = the exporter is sent an event for what its queue had to give up"},
    {"dlq.enabled", K::flag, "true", "", "false = what is given up is counted and not kept"},
    {"dlq.max_bytes", K::size, "\"256MiB\"", "64KiB..64TiB", "of the exporter's dead letters; then the oldest go"},
    {"dlq.max_age", K::duration, "\"30d\"", "1s..3650d", "how long dead letters are kept"},
    {"priority_severity", K::severity, "\"critical\"", "", "from this severity on, events overtake a backlog"},
    {"start", K::text, "\"now\"", "", "now, oldest or a time: where a new exporter begins in the log"},

    {"isolation", K::word, "", "none|process", "", U::later, "process"},
};

}  // namespace

std::span<const Key> exporter_only_keys() { return kOnly; }
std::span<const Key> exporter_keys() { return kBoth; }

}  // namespace csiem::config
