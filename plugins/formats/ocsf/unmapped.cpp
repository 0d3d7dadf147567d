#include "ocsf/unmapped.hpp"

#include "common/path_parts.hpp"
#include "ocsf/parts.hpp"

namespace csiem::ocsf {
namespace {

// Which members of the resource the rest of the document does not say.
struct Left {
  bool name, path, host, port, type;
  bool any() const noexcept { return name || path || host || port || type; }
};

Left left_of(const Source& s) {
  const csiem_event& e = s.e;
  const std::string_view name = view(e.resource_name), path = view(e.resource_path);
  Left left{any(e.resource_name), any(e.resource_path), any(e.resource_host), e.resource_port >= 0,
            any(e.resource_type_name)};
  const Class c = s.taxonomy.event_class;
  const bool file = c == Class::file || (s.finding() && s.base == formats::Base::file);
  const bool network = c == Class::network || (s.finding() && s.base == formats::Base::network);
  const bool process = c == Class::process || (s.finding() && s.base == formats::Base::process);
  const bool configuration = c == Class::configuration || (s.finding() && s.base == formats::Base::configuration);
  if (s.finding() || c == Class::tool) {
    left.name = left.type = false;  // resources[0]
  } else if (c != Class::base && c != Class::lifecycle && c != Class::authentication) {
    left.type = false;  // the class says it
  }
  if (process || configuration) left.name = left.path = false;
  if (file) {
    if (path.empty() || name == path || name == formats::split_path(path).name) left.name = false;
    left.path = false;
  }
  if (network && !s.endpoint.empty()) {
    const bool whole = !s.address.is_ip() || s.ip.view() == s.endpoint;
    if (whole) left.host = false;
    if (whole && name == s.endpoint) left.name = false;
    if (formats::has_port(e)) left.port = false;
  }
  return left;
}

}  // namespace

void unmapped(Json& j, const Source& s) {
  const csiem_event& e = s.e;
  j.open("unmapped");
  j.open("clawdstrike");
  if (s.taxonomy.verdict == Verdict::warned && e.decision_allowed == 0) j.boolean("allowed", false);
  put(j, "event_category", e.category_name);
  put(j, "action", e.action);
  put(j, "outcome", e.outcome_name);
  put(j, "guard", e.guard);
  put(j, "environment", e.environment);
  if (view(e.agent_type) != "clawdstrike") put(j, "agent_type", e.agent_type);
  if (any(e.indicator_value)) {
    j.open("threat_indicator");
    put(j, "type", e.indicator_type_name);
    j.text("value", e.indicator_value);
    j.close();
  }
  if (const Left left = left_of(s); left.any()) {
    j.open("resource");
    if (left.type) j.text("type", e.resource_type_name);
    if (left.name) j.text("name", e.resource_name);
    if (left.path) j.text("path", e.resource_path);
    if (left.host) j.text("host", e.resource_host);
    if (left.port) j.integer("port", e.resource_port);
    j.close();
  }
  if (!s.metadata.empty) j.raw("metadata", view(e.metadata_json));
  j.close();
  j.close();
}

}  // namespace csiem::ocsf
