#include "process/privacy/model_fields.hpp"

#include <csiem/json.hpp>

namespace csiem::process {
namespace {

using E = csiem_event;
constexpr ModelField kFields[] = {
    {"schema_version", &E::schema_version, Need::fixed},
    {"event_id", &E::event_id, Need::fixed},
    {"event_type", &E::type_name, Need::fixed},
    {"event_category", &E::category_name, Need::fixed},
    {"timestamp", &E::time_text, Need::fixed},
    {"ingested_at", nullptr, Need::fixed},
    {"agent.id", &E::agent_id, Need::required},
    {"agent.name", &E::agent_name, Need::required},
    {"agent.version", &E::agent_version, Need::required},
    {"agent.type", &E::agent_type, Need::required},
    {"session.id", &E::session_id, Need::required},
    {"session.user_id", &E::user_id, Need::optional},
    {"session.tenant_id", &E::tenant_id, Need::optional},
    {"session.environment", &E::environment, Need::optional},
    {"outcome", &E::outcome_name, Need::fixed},
    {"action", &E::action, Need::required},
    {"threat.indicator.type", &E::indicator_type_name, Need::fixed},
    {"threat.indicator.value", &E::indicator_value, Need::optional},
    {"threat.tactic", &E::tactic, Need::removable},
    {"threat.technique", &E::technique, Need::removable},
    {"decision.allowed", nullptr, Need::fixed},
    {"decision.guard", &E::guard, Need::required},
    {"decision.severity", &E::severity_name, Need::fixed},
    {"decision.reason", &E::reason, Need::required},
    {"decision.policy_hash", &E::policy_hash, Need::optional},
    {"decision.ruleset", &E::ruleset, Need::optional},
    {"resource.type", &E::resource_type_name, Need::fixed},
    {"resource.name", &E::resource_name, Need::required},
    {"resource.path", &E::resource_path, Need::optional},
    {"resource.host", &E::resource_host, Need::optional},
    {"resource.port", nullptr, Need::removable},
};

}  // namespace

std::span<const ModelField> model_fields() { return kFields; }

bool has_field(const csiem_event& event, const ModelField& field) {
  return field.text != nullptr ? present(event.*field.text) : event.resource_port >= 0;
}

void remove_field(csiem_event& event, const ModelField& field) {
  if (field.text == nullptr) {
    event.resource_port = -1;
    return;
  }
  event.*field.text = csiem_str{nullptr, 0};
  if (field.text == &E::indicator_value) {
    event.indicator_type = 0;
    event.indicator_type_name = csiem_str{nullptr, 0};
  }
}

}  // namespace csiem::process
