#include "ecs/document.hpp"

#include <algorithm>
#include <span>
#include <string_view>

#include "common/address.hpp"
#include "common/attack_id.hpp"
#include "common/characters.hpp"
#include "common/path_parts.hpp"
#include "common/reading.hpp"
#include "common/time_text.hpp"
#include "ecs/taxonomy.hpp"

namespace csiem::ecs {
namespace {

using formats::Address;
using formats::Base;

constexpr std::size_t kMaxReasonCharacters = 1024;

// The event with what several sections need to know of it.
struct Source {
  const csiem_event& e;
  Base base;
  std::string_view host;      // where the agent runs
  std::string_view endpoint;  // what a network event went to, as written
  Address address;            // the same, understood
};

// Leaves the member out when there is nothing to say.
void put(Json& j, std::string_view key, std::string_view value) {
  if (!value.empty()) j.text(key, value);
}
void put(Json& j, std::string_view key, csiem_str value) { put(j, key, view(value)); }
void put_one(Json& j, std::string_view key, std::string_view value) {
  j.open_array(key);
  j.value(value);
  j.close_array();
}

template <class... Strings>
bool any(const Strings&... strings) {
  return ((strings.len != 0) || ...);
}

// ---- 4.3, in its order

void time_fields(Json& j, const Source& s) {
  if (s.e.time_text.len != 0) {
    j.text("@timestamp", view(s.e.time_text));
  } else {
    j.text("@timestamp", formats::time_text(s.e.time_unix_ns).view());
  }
  j.raw("ecs", R"({"version":"8.17.0"})");
}

void event_fields(Json& j, const Source& s, bool include_raw) {
  const Taxonomy t = taxonomy(s.e, s.base);
  const int32_t severity = std::clamp<int32_t>(s.e.severity, CSIEM_SEV_INFO, CSIEM_SEV_CRITICAL);
  j.open("event");
  put(j, "id", s.e.event_id);
  j.text("kind", t.kind);
  j.raw("category", t.category);
  j.raw("type", t.type);
  j.text("outcome", formats::outcome_word(s.e.outcome));
  put(j, "action", s.e.action);
  put(j, "code", s.e.type_name);
  j.integer("severity", severity + 1);
  put(j, "reason", formats::first_characters(view(s.e.reason), kMaxReasonCharacters));
  j.raw("module", R"("clawdstrike","dataset":"clawdstrike.security")");
  if (s.e.ingested_unix_ns != 0) j.text("ingested", formats::time_text(s.e.ingested_unix_ns).view());
  if (include_raw) put(j, "original", s.e.canonical_json);
  j.close();
  put(j, "message", s.e.reason);
}

void actor_fields(Json& j, const Source& s) {
  const csiem_event& e = s.e;
  if (any(e.agent_id, e.agent_name, e.agent_version, e.agent_type)) {
    j.open("agent");
    put(j, "id", e.agent_id);
    put(j, "name", e.agent_name);
    put(j, "version", e.agent_version);
    put(j, "type", e.agent_type);
    j.close();
  }
  j.open("observer");
  j.raw("vendor", R"("Clawdstrike","product":"clawdstrike","type":"policy-engine")");
  put(j, "version", e.agent_version);
  j.close();
  if (any(e.guard, e.ruleset, e.policy_hash)) {
    j.open("rule");
    put(j, "name", e.guard);
    put(j, "ruleset", e.ruleset);
    put(j, "version", e.policy_hash);
    j.close();
  }
  if (any(e.user_id)) {
    j.open("user");
    put(j, "id", e.user_id);
    j.close();
  }
  if (any(e.tenant_id)) {
    j.open("organization");
    put(j, "id", e.tenant_id);
    j.close();
  }
  if (any(e.environment)) {
    j.open("service");
    put(j, "environment", e.environment);
    j.close();
  }
  if (!s.host.empty()) {
    j.open("host");
    j.text("name", s.host);
    j.text("hostname", s.host);
    j.close();
  }
}

void file_fields(Json& j, const Source& s) {
  const std::string_view path = formats::path_of(s.e);
  if (path.empty()) return;
  const formats::PathParts parts = formats::split_path(path);
  j.open("file");
  j.text("path", path);
  put(j, "name", parts.name);
  put(j, "directory", parts.directory);
  put(j, "extension", parts.extension);
  j.close();
}

void network_fields(Json& j, const Source& s) {
  const bool has_port = formats::has_port(s.e);
  if (!s.endpoint.empty() || has_port) {
    j.open("destination");
    put(j, "address", s.endpoint);
    if (!s.endpoint.empty()) j.text(s.address.is_ip() ? "ip" : "domain", s.address.text);
    if (has_port) j.integer("port", s.e.resource_port);
    j.close();
  }
  j.open("network");
  j.text("direction", "egress");
  if (s.address.is_ip()) j.text("type", s.address.kind == Address::Kind::ipv4 ? "ipv4" : "ipv6");
  j.close();
}

void process_fields(Json& j, const Source& s) {
  if (!any(s.e.resource_name, s.e.resource_path)) return;
  j.open("process");
  put(j, "command_line", s.e.resource_name);
  put(j, "name", formats::program_name(view(s.e.resource_name)));
  put(j, "executable", s.e.resource_path);
  j.close();
}

void resource_fields(Json& j, const Source& s) {
  if (s.base == Base::file) file_fields(j, s);
  if (s.base == Base::network) network_fields(j, s);
  if (s.base == Base::process) process_fields(j, s);
}

void related_fields(Json& j, const Source& s) {
  const bool domain = !s.endpoint.empty() && !s.address.is_ip();
  if (!any(s.e.user_id) && s.endpoint.empty() && s.host.empty()) return;
  j.open("related");
  if (any(s.e.user_id)) put_one(j, "user", view(s.e.user_id));
  if (s.address.is_ip()) put_one(j, "ip", s.address.text);
  if (domain || !s.host.empty()) {
    j.open_array("hosts");
    if (domain) j.value(s.endpoint);
    if (!s.host.empty() && !(domain && s.host == s.endpoint)) j.value(s.host);
    j.close_array();
  }
  j.close();
}

// ---- 4.4

void technique_fields(Json& j, std::string_view technique) {
  const formats::TechniqueId id = formats::parse_technique(technique);
  j.open("technique");
  put_one(j, id.parent.empty() ? "name" : "id", id.parent.empty() ? technique : id.parent);
  if (!id.sub.empty()) {
    j.open("subtechnique");
    put_one(j, "id", id.sub);
    j.close();
  }
  j.close();
}

void indicator_fields(Json& j, const Source& s) {
  const std::string_view value = view(s.e.indicator_value);
  j.open("indicator");
  j.text("name", value);
  if (s.e.indicator_type == CSIEM_INDICATOR_DOMAIN) {
    const Address address = formats::parse_address(value);
    if (address.is_ip()) {
      j.text("type", address.kind == Address::Kind::ipv4 ? "ipv4-addr" : "ipv6-addr");
      j.text("ip", address.text);
    } else {
      j.text("type", "domain-name");
      j.open("url");
      j.text("domain", value);
      j.close();
    }
  } else if (s.e.indicator_type == CSIEM_INDICATOR_FILE_PATH) {
    j.text("type", "file");
    j.open("file");
    j.text("path", value);
    put(j, "name", formats::split_path(value).name);
    j.close();
  } else {
    j.text("description", "pattern");
  }
  j.close();
}

void threat_fields(Json& j, const Source& s) {
  const std::string_view tactic = view(s.e.tactic), technique = view(s.e.technique);
  const bool framework = !tactic.empty() || !technique.empty();
  if (!framework && !any(s.e.indicator_value)) return;
  j.open("threat");
  if (framework)
    j.text("framework", formats::is_atlas(tactic) || formats::is_atlas(technique) ? "MITRE ATLAS" : "MITRE ATT&CK");
  if (!tactic.empty()) {
    j.open("tactic");
    put_one(j, formats::is_tactic_id(tactic) ? "id" : "name", tactic);
    j.close();
  }
  if (!technique.empty()) technique_fields(j, technique);
  if (any(s.e.indicator_value)) indicator_fields(j, s);
  j.close();
}

// ---- 4.5

void own_resource_fields(Json& j, const Source& s) {
  const csiem_event& e = s.e;
  if (any(e.resource_type_name, e.resource_name, e.resource_path, e.resource_host) || e.resource_port >= 0) {
    j.open("resource");
    put(j, "type", e.resource_type_name);
    put(j, "name", e.resource_name);
    put(j, "path", e.resource_path);
    put(j, "host", e.resource_host);
    if (e.resource_port >= 0) j.integer("port", e.resource_port);
    j.close();
  }
  if (s.base == Base::tool && any(e.resource_name)) {
    j.open("tool");
    put(j, "name", e.resource_name);
    j.close();
  }
}

// What stands elsewhere in a form that Elasticsearch can index, as the event has it.
struct Originals {
  bool labels, metadata;
};

void original_fields(Json& j, const Source& s, Originals originals) {
  const std::string_view outcome = s.e.outcome_name.len == 0 ? std::string_view("unknown") : view(s.e.outcome_name);
  if (outcome != formats::outcome_word(s.e.outcome)) j.text("outcome", outcome);
  if (originals.labels) {
    j.open_array("labels");
    for (const csiem_kv& label : std::span(s.e.labels, s.e.label_count)) {
      j.open();
      j.text("name", view(label.key));
      j.text("value", view(label.value));
      j.close();
    }
    j.close_array();
  }
  if (originals.metadata) j.text("metadata_json", view(s.e.metadata_json));
}

void own_fields(Json& j, const Source& s, std::string_view name_space, std::string_view metadata, Originals originals) {
  const csiem_event& e = s.e;
  j.open(name_space);
  put(j, "schema_version", e.schema_version);
  put(j, "event_type", e.type_name);
  put(j, "event_category", e.category_name);
  put(j, "session_id", e.session_id);
  put(j, "guard", e.guard);
  put(j, "ruleset", e.ruleset);
  put(j, "policy_hash", e.policy_hash);
  put(j, "environment", e.environment);
  j.open("decision");
  j.boolean("allowed", e.decision_allowed != 0);
  put(j, "severity", e.severity_name);
  j.close();
  own_resource_fields(j, s);
  if (any(e.indicator_value)) {
    j.open("threat");
    j.open("indicator");
    put(j, "type", e.indicator_type_name);
    j.text("value", e.indicator_value);
    j.close();
    j.close();
  }
  if (!metadata.empty()) j.raw("metadata", metadata);
  original_fields(j, s, originals);
  j.close();
}

}  // namespace

void Writer::write(const csiem_event& event, Out& out) {
  const std::string_view metadata = view(event.metadata_json);
  const MetadataScan scan = scan_metadata(metadata);
  const Base base = formats::base_of(event);
  Source source{event, base, scan.hostname.empty() ? std::string_view(settings_.host_name) : scan.hostname, {}, {}};
  if (base == Base::network) {
    source.endpoint = formats::endpoint_of(event);
    source.address = formats::parse_address(source.endpoint);
  }
  Json j(out);
  j.open();
  time_fields(j, source);
  event_fields(j, source, settings_.include_raw);
  actor_fields(j, source);
  resource_fields(j, source);
  related_fields(j, source);
  threat_fields(j, source);
  const bool labels_whole = labels_.write(std::span(event.labels, event.label_count), j);
  own_fields(j, source, settings_.name_space,
             scan.empty      ? std::string_view()
             : scan.harmless ? metadata
                             : metadata_.rewrite(metadata),
             {!labels_whole, !scan.empty && !scan.harmless});
  j.close();
}

std::string namespace_problem(std::string_view name) {
  // Field sets of ECS 8.17, also those that only occur inside others, and the fields without a set.
  static constexpr std::string_view kTaken[] = {
      "agent",        "as",           "client",      "cloud",       "code_signature",
      "container",    "data_stream",  "destination", "device",      "dll",
      "dns",          "ecs",          "elf",         "email",       "error",
      "event",        "faas",         "file",        "geo",         "group",
      "hash",         "host",         "http",        "interface",   "labels",
      "log",          "macho",        "message",     "network",     "observer",
      "orchestrator", "organization", "os",          "package",     "pe",
      "process",      "registry",     "related",     "risk",        "rule",
      "server",       "service",      "source",      "span",        "tags",
      "threat",       "tls",          "trace",       "transaction", "url",
      "user",         "user_agent",   "vlan",        "volume",      "vulnerability",
      "x509"};
  if (name.empty()) return "must not be empty";
  const auto legal = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
  };
  if (!std::all_of(name.begin(), name.end(), legal)) return "may hold letters, digits and underscores only";
  if (std::find(std::begin(kTaken), std::end(kTaken), name) != std::end(kTaken))
    return "is the name of an ECS field set";
  return {};
}

}  // namespace csiem::ecs
