#include "process/expression_fields.hpp"

#include <algorithm>
#include <csiem/sdk/edit_distance.hpp>
#include <vector>

namespace csiem::process {
namespace {

using E = csiem_event;
constexpr Field kFields[] = {
    {"schema_version", FieldType::text, &E::schema_version},
    {"event_id", FieldType::text, &E::event_id},
    {"event_type", FieldType::text, &E::type_name},
    {"event_category", FieldType::text, &E::category_name},
    {"timestamp", FieldType::time, &E::time_text},
    {"ingested_at", FieldType::time, nullptr},
    {"agent", FieldType::object, nullptr},
    {"agent.id", FieldType::text, &E::agent_id},
    {"agent.name", FieldType::text, &E::agent_name},
    {"agent.version", FieldType::text, &E::agent_version},
    {"agent.type", FieldType::text, &E::agent_type},
    {"session", FieldType::object, nullptr},
    {"session.id", FieldType::text, &E::session_id},
    {"session.user_id", FieldType::text, &E::user_id},
    {"session.tenant_id", FieldType::text, &E::tenant_id},
    {"session.environment", FieldType::text, &E::environment},
    {"outcome", FieldType::text, &E::outcome_name},
    {"action", FieldType::text, &E::action},
    {"threat", FieldType::object, nullptr},
    {"threat.indicator", FieldType::object, nullptr},
    {"threat.indicator.type", FieldType::text, &E::indicator_type_name},
    {"threat.indicator.value", FieldType::text, &E::indicator_value},
    {"threat.tactic", FieldType::text, &E::tactic},
    {"threat.technique", FieldType::text, &E::technique},
    {"decision", FieldType::object, nullptr},
    {"decision.allowed", FieldType::boolean, nullptr},
    {"decision.guard", FieldType::guard, &E::guard},
    {"decision.severity", FieldType::severity, &E::severity_name},
    {"decision.reason", FieldType::text, &E::reason},
    {"decision.policy_hash", FieldType::hash, &E::policy_hash},
    {"decision.ruleset", FieldType::text, &E::ruleset},
    {"resource", FieldType::object, nullptr},
    {"resource.type", FieldType::text, &E::resource_type_name},
    {"resource.name", FieldType::text, &E::resource_name},
    {"resource.path", FieldType::text, &E::resource_path},
    {"resource.host", FieldType::text, &E::resource_host},
    {"resource.port", FieldType::port, nullptr},
    {"metadata", FieldType::object, nullptr},
    {"labels", FieldType::object, nullptr},
};

std::size_t allowed_distance(std::string_view text) { return text.size() < 5 ? 1 : 2; }

}  // namespace

const Field* find_field(std::string_view path) {
  const auto found =
      std::find_if(std::begin(kFields), std::end(kFields), [&](const Field& f) { return f.path == path; });
  return found == std::end(kFields) ? nullptr : found;
}

std::string nearest_field(std::string_view path) {
  std::string_view best;
  std::size_t best_distance = allowed_distance(path) + 1;
  for (const Field& field : kFields) {
    const std::size_t d = edit_distance(path, field.path, best_distance);
    if (d < best_distance) {
      best = field.path;
      best_distance = d;
    }
  }
  if (!best.empty()) return std::string(best);
  // "lables.team": the head is misspelt, what follows is free.
  const std::string_view head = path.substr(0, path.find('.'));
  for (const std::string_view open : {"labels", "metadata"})
    if (head != path && edit_distance(head, open, allowed_distance(head)) <= allowed_distance(head))
      return std::string(open) + std::string(path.substr(head.size()));
  // "severity" and "session.guard" mean the field that ends so.
  const std::string_view leaf = path.substr(path.rfind('.') + 1);
  for (const Field& field : kFields)
    if (field.type != FieldType::object && field.path.substr(field.path.rfind('.') + 1) == leaf)
      return std::string(field.path);
  return {};
}

std::string nearest_severity(std::string_view word) {
  for (const std::string_view known : {"info", "low", "medium", "high", "critical"})
    if (edit_distance(word, known, allowed_distance(word)) <= allowed_distance(word)) return std::string(known);
  return {};
}

bool object_present(std::string_view path, const csiem_event& event) {
  if (path != "threat" && path != "threat.indicator") return true;  // the others are required members
  const bool indicator = event.indicator_value.ptr != nullptr;
  return indicator || (path == "threat" && (event.tactic.ptr != nullptr || event.technique.ptr != nullptr));
}

}  // namespace csiem::process
