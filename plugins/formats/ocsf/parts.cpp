#include "ocsf/parts.hpp"

#include "common/attack_id.hpp"
#include "common/path_parts.hpp"

namespace csiem::ocsf {

using formats::Base;

void time_pair(Json& j, std::string_view key, std::string_view dt_key, const Moment& moment) {
  if (!moment.known()) return;
  j.integer(key, moment.ms());
  j.text(dt_key, moment.text());
}

void actor(Json& j, const Source& s, bool with_user) {
  const csiem_event& e = s.e;
  const bool user = with_user && any(e.user_id);
  j.open("actor");
  if (!any(e.agent_name, e.agent_id, e.session_id) && !user) j.text("app_name", kUnknown);
  put(j, "app_name", e.agent_name);
  put(j, "app_uid", e.agent_id);
  if (any(e.session_id)) {
    j.open("session");
    j.text("uid", e.session_id);
    j.close();
  }
  if (user) {
    j.open("user");
    j.text("uid", e.user_id);
    j.close();
  }
  j.close();
}

void device(Json& j, const Source& s) {
  j.raw("device", R"({"type_id":0,"type":"Unknown")");
  if (!s.host.empty()) {
    j.text("hostname", s.host);
  } else {
    if (!any(s.e.agent_name, s.e.agent_id)) j.text("name", kUnknown);
    put(j, "name", s.e.agent_name);
    put(j, "uid", s.e.agent_id);
  }
  j.close();
}

void policy(Json& j, const Source& s) {
  if (!any(s.e.ruleset, s.e.policy_hash)) return;
  j.open("policy");
  put(j, "name", s.e.ruleset);
  put(j, "uid", s.e.policy_hash);
  j.boolean("is_applied", true);
  j.close();
}

// ---- 5.6

void attacks(Json& j, const Source& s) {
  const std::string_view tactic = view(s.e.tactic), technique = view(s.e.technique);
  if (tactic.empty() && technique.empty()) return;
  const auto part = [&j](std::string_view key, bool is_id, std::string_view text) {
    j.open(key);
    j.text(is_id ? "uid" : "name", text);
    j.close();
  };
  j.open_array("attacks");
  j.open();
  if (!tactic.empty()) part("tactic", formats::is_tactic_id(tactic), tactic);
  if (!technique.empty()) {
    const formats::TechniqueId id = formats::parse_technique(technique);
    part("technique", !id.parent.empty(), id.parent.empty() ? technique : id.parent);
    if (!id.sub.empty()) part("sub_technique", true, id.sub);
  }
  j.close();
  j.close_array();
}

// ---- 5.5

void file(Json& j, const Source& s) {
  const std::string_view path = formats::path_of(s.e);
  const std::string_view name = formats::split_path(path).name;
  const bool folder = path.size() > 1 && (path.back() == '/' || path.back() == '\\');
  j.open("file");
  j.text("name", !name.empty() ? name : path.empty() ? kUnknown : path);
  put(j, "path", path);
  j.raw("type_id", folder ? R"(2,"type":"Folder")" : R"(0,"type":"Unknown")");
  j.close();
}

void process(Json& j, const Source& s) {
  j.open("process");
  j.text("uid", any(s.e.event_id) ? view(s.e.event_id) : kUnknown);
  put(j, "cmd_line", s.e.resource_name);
  put(j, "name", formats::program_name(view(s.e.resource_name)));
  if (const std::string_view path = view(s.e.resource_path); !path.empty()) {
    const std::string_view name = formats::split_path(path).name;
    j.open("file");
    j.text("name", name.empty() ? path : name);
    j.text("path", path);
    j.raw("type_id", R"(0,"type":"Unknown")");
    j.close();
  }
  j.close();
}

void src_endpoint(Json& j, const Source& s) {
  j.open("src_endpoint");
  if (!any(s.e.agent_name) && s.host.empty()) j.text("svc_name", kUnknown);
  put(j, "svc_name", s.e.agent_name);
  put(j, "hostname", s.host);
  j.close();
}

void endpoints(Json& j, const Source& s) {
  if (!s.endpoint.empty()) {
    j.open("dst_endpoint");
    if (s.address.is_ip()) {
      j.text("ip", s.ip.view());
    } else {
      j.text("hostname", s.endpoint);
    }
    if (formats::has_port(s.e)) j.integer("port", s.e.resource_port);
    j.close();
  }
  src_endpoint(j, s);
  j.raw("connection_info", R"({"direction_id":2,"direction":"Outbound"})");
}

void api(Json& j, const Source& s) {
  j.open("api");
  j.text("operation", any(s.e.resource_name) ? view(s.e.resource_name) : kUnknown);
  if (!s.metadata.mcp_server.empty()) {
    j.open("service");
    j.text("name", s.metadata.mcp_server);
    j.close();
  }
  j.close();
}

void entity(Json& j, const Source& s) {
  j.open("entity");
  if (!any(s.e.resource_name, s.e.resource_path)) j.text("name", kUnknown);
  put(j, "name", s.e.resource_name);
  put(j, "uid", s.e.resource_path);
  j.raw("type_id", R"(5,"type":"Policy")");
  j.close();
}

void app(Json& j, const Source& s) {
  j.open("app");
  if (!any(s.e.agent_name, s.e.agent_id)) j.text("name", kUnknown);
  put(j, "name", s.e.agent_name);
  put(j, "uid", s.e.agent_id);
  put(j, "version", s.e.agent_version);
  j.raw("vendor_name", R"("Clawdstrike")");
  j.close();
}

void resources(Json& j, const Source& s) {
  if (!any(s.e.resource_name)) return;
  j.open_array("resources");
  j.open();
  j.text("name", s.e.resource_name);
  put(j, "type", s.e.resource_type_name);
  j.close();
  j.close_array();
}

// ---- 5.9

void ai_model(Json& j, const Source& s) {
  j.open("ai_model");
  j.text("name", s.metadata.model);
  j.text("ai_provider", s.metadata.provider);
  j.close();
}

}  // namespace csiem::ocsf
