// What the formats of the package write where; their READMEs have the same tables with the reasons.
#include <algorithm>
#include <iterator>

#include "schema/move_target.hpp"

namespace csiem::schema {
namespace {

constexpr UsualPlace kEcs[] = {
    {"timestamp", "@timestamp", true},
    {"", "ecs.version", true},
    {"event_id", "event.id"},
    {"event_type", "event.code"},
    {"action", "event.action"},
    {"outcome", "event.outcome", true},
    {"decision.severity", "event.severity"},
    {"decision.reason", "event.reason"},
    {"decision.reason", "message"},
    {"ingested_at", "event.ingested"},
    {"", "event.kind", true},
    {"", "event.category", true},
    {"", "event.type", true},
    {"", "event.module", true},
    {"", "event.dataset", true},
    {"", "event.original", true},
    {"agent.id", "agent.id"},
    {"agent.name", "agent.name"},
    {"agent.version", "agent.version"},
    {"agent.version", "observer.version"},
    {"agent.type", "agent.type"},
    {"", "observer.vendor", true},
    {"", "observer.product", true},
    {"", "observer.type", true},
    {"decision.guard", "rule.name"},
    {"decision.ruleset", "rule.ruleset"},
    {"decision.policy_hash", "rule.version"},
    {"session.user_id", "user.id"},
    {"session.tenant_id", "organization.id"},
    {"session.environment", "service.environment"},
    {"metadata.hostname", "host.name"},
    {"metadata.hostname", "host.hostname"},
    {"resource.path", "file.path"},
    {"", "file.name", true},
    {"", "file.directory", true},
    {"", "file.extension", true},
    {"resource.host", "destination.address"},
    {"resource.host", "destination.domain"},
    {"resource.host", "destination.ip"},
    {"resource.port", "destination.port"},
    {"", "network.direction", true},
    {"", "network.type", true},
    {"resource.name", "process.command_line"},
    {"", "process.name", true},
    {"resource.path", "process.executable"},
    {"", "related.user", true},
    {"", "related.ip", true},
    {"", "related.hosts", true},
    {"", "threat.framework", true},
    {"threat.tactic", "threat.tactic.id"},
    {"threat.tactic", "threat.tactic.name"},
    {"threat.technique", "threat.technique.id"},
    {"threat.technique", "threat.technique.name"},
    {"threat.technique", "threat.technique.subtechnique.id"},
    {"threat.indicator.value", "threat.indicator.name"},
    {"threat.indicator.value", "threat.indicator.url.domain"},
    {"threat.indicator.value", "threat.indicator.ip"},
    {"threat.indicator.value", "threat.indicator.file.path"},
    {"threat.indicator.value", "threat.indicator.file.name"},
    {"", "threat.indicator.type", true},
    {"", "threat.indicator.description", true},
};

constexpr UsualPlace kOcsf[] = {
    {"event_id", "metadata.uid", true},
    {"event_type", "metadata.event_code"},
    {"schema_version", "metadata.log_version"},
    {"timestamp", "metadata.original_time", true},
    {"ingested_at", "metadata.logged_time", true},
    {"", "metadata.logged_time_dt", true},
    {"", "metadata.version", true},
    {"", "metadata.profiles", true},
    {"", "metadata.log_name", true},
    {"", "metadata.log_provider", true},
    {"", "metadata.product.name", true},
    {"", "metadata.product.vendor_name", true},
    {"agent.version", "metadata.product.version"},
    {"session.tenant_id", "metadata.tenant_uid"},
    {"session.id", "metadata.correlation_uid"},
    {"session.id", "actor.session.uid", true},
    {"session.user_id", "actor.user.uid"},
    {"agent.name", "actor.app_name", true},
    {"agent.id", "actor.app_uid", true},
    {"", "device.hostname", true},
    {"", "device.name", true},
    {"", "device.uid", true},
    {"", "device.type", true},
    {"", "device.type_id", true},
    {"decision.reason", "message"},
    {"decision.guard", "finding_info.analytic"},
    {"decision.ruleset", "policy.name"},
    {"decision.policy_hash", "policy.uid"},
    {"", "policy.is_applied", true},
    {"", "time", true},
    {"", "time_dt", true},
    {"", "timezone_offset", true},
    {"", "severity", true},
    {"", "severity_id", true},
    {"", "status", true},
    {"", "status_id", true},
    {"", "action", true},
    {"", "action_id", true},
    {"", "disposition", true},
    {"", "disposition_id", true},
    {"", "is_alert", true},
    {"", "class_uid", true},
    {"", "class_name", true},
    {"", "category_uid", true},
    {"", "category_name", true},
    {"", "activity_id", true},
    {"", "activity_name", true},
    {"", "type_uid", true},
    {"", "type_name", true},
    {"", "raw_data", true},
    {"", "raw_data_size", true},
};

constexpr UsualPlace kCef[] = {
    {"timestamp", "start", true},
    {"timestamp", "rt", true},
    {"ingested_at", "deviceCustomDate1"},
    {"event_id", "externalId"},
    {"", "cat", true},
    {"", "act", true},
    {"outcome", "outcome", true},
    {"agent.id", "deviceExternalId"},
    {"agent.name", "deviceProcessName"},
    {"metadata.hostname", "dvchost"},
    {"session.environment", "deviceFacility"},
    {"session.user_id", "suid"},
    {"resource.path", "filePath"},
    {"", "fname", true},
    {"resource.host", "dst"},
    {"resource.host", "dhost"},
    {"resource.port", "dpt"},
    {"", "deviceDirection", true},
    {"resource.name", "dproc"},
    {"resource.name", "destinationServiceName"},
    {"metadata.url", "request"},
    {"metadata.method", "requestMethod"},
    {"decision.guard", "cs1"},
    {"session.id", "cs2"},
    {"decision.ruleset", "cs3"},
    {"decision.policy_hash", "cs4"},
    {"session.tenant_id", "cs5"},
    {"threat.tactic", "cs6", true},
    {"threat.technique", "cs6", true},
    {"threat.tactic", "flexString1", true},
    {"threat.technique", "flexString1", true},
    {"decision.reason", "reason"},
    {"decision.reason", "msg"},
};

// Of ECS's and of OCSF's namespace.
constexpr std::string_view kOwnNames[] = {
    "schema_version", "event_type",    "event_category", "session_id",      "guard",  "ruleset",
    "policy_hash",    "environment",   "decision",       "resource",        "tool",   "threat",
    "metadata",       "metadata_json", "labels",         "outcome",         "action", "allowed",
    "severity",       "agent_type",    "ingested_at",    "threat_indicator"};

template <std::size_t N>
std::vector<UsualPlace> all(const UsualPlace (&rows)[N]) {
  return {std::begin(rows), std::end(rows)};
}

}  // namespace

std::vector<UsualPlace> usual_places(std::string_view format) {
  if (format == "ecs") return all(kEcs);
  if (format == "ocsf") return all(kOcsf);
  return format == "cef" ? all(kCef) : std::vector<UsualPlace>();
}

bool own_name(std::string_view name) {
  return std::find(std::begin(kOwnNames), std::end(kOwnNames), name) != std::end(kOwnNames);
}

}  // namespace csiem::schema
