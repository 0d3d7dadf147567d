#include "elastic_objects.hpp"

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/serialize.hpp>
#include <set>

#include "json_read.hpp"

namespace csiem::doubles {
namespace {

namespace json = boost::json;

constexpr std::string_view kPolicy = "/_ilm/policy/", kIsm = "/_plugins/_ism/policies/",
                           kPipeline = "/_ingest/pipeline/", kComponent = "/_component_template/",
                           kTemplate = "/_index_template/";

bool starts_with(std::string_view text, std::string_view start) { return text.substr(0, start.size()) == start; }

// "logs-clawdstrike.*-*" against a name; '*' is any text.
bool matches(std::string_view pattern, std::string_view name) {
  const std::size_t star = pattern.find('*');
  if (star == std::string_view::npos) return pattern == name;
  if (!starts_with(name, pattern.substr(0, star))) return false;
  const std::string_view rest = pattern.substr(star + 1);
  for (std::size_t at = star; at <= name.size(); ++at)
    if (matches(rest, name.substr(at))) return true;
  return false;
}

// Any member of this name, however deep, that holds `wanted`; or any at all when `wanted` is empty.
bool mentions(const json::value& value, std::string_view name, std::string_view wanted = {}) {
  if (const auto* object = value.if_object()) {
    for (const auto& member : *object) {
      if (std::string_view(member.key().data(), member.key().size()) == name) {
        const auto* text = member.value().if_string();
        if (wanted.empty() || (text != nullptr && std::string_view(text->data(), text->size()) == wanted)) return true;
      }
      if (mentions(member.value(), name, wanted)) return true;
    }
  } else if (const auto* array = value.if_array()) {
    for (const auto& one : *array)
      if (mentions(one, name, wanted)) return true;
  }
  return false;
}

}  // namespace

Answer elastic_error(int status, std::string_view type, std::string_view reason) {
  const json::object cause{{"type", type}, {"reason", reason}};
  return {status,
          json::serialize(json::object{
              {"error", {{"root_cause", json::array{cause}}, {"type", type}, {"reason", reason}}}, {"status", status}}),
          "application/json",
          {{"X-Elastic-Product", "Elasticsearch"}}};
}

// An index, by its name or an alias.
std::optional<Answer> ElasticObjects::handle_index(const Call& call) {
  const std::string name = call.path.substr(1);
  const auto known = write_index_.find(name);
  if (call.method == "GET") {
    if (known == write_index_.end())
      return elastic_error(404, "index_not_found_exception", "no such index [" + name + "]");
    return Answer{200, json::serialize(json::object{{known->second, json::object{}}}), "application/json", {}};
  }
  if (call.method != "PUT") return std::nullopt;
  if (known != write_index_.end())
    return elastic_error(400, "resource_already_exists_exception", "index [" + name + "] already exists");
  const auto body = parse_one(call.body.empty() ? "{}" : call.body);
  if (!body || !body->is_object()) return elastic_error(400, "parse_exception", "not a JSON object");
  for (const auto& member : body->get_object())
    if (member.key() != "aliases" && member.key() != "settings" && member.key() != "mappings")
      return elastic_error(400, "parse_exception", "unknown key [" + std::string(member.key()) + "] for create index");
  std::set<std::string> aliases;
  if (const auto* given = body->get_object().if_contains("aliases"))
    for (const auto& alias : given->as_object()) aliases.emplace(alias.key());
  for (const std::string& alias : aliases)
    if (const auto other = write_index_.find(alias); other != write_index_.end() && other->second == alias)
      return elastic_error(400, "invalid_alias_name_exception", "an index of the name [" + alias + "] exists");
  write_index_[name] = name;
  for (const std::string& alias : aliases) write_index_[alias] = name;
  return Answer{200, R"({"acknowledged":true})", "application/json", {}};
}

std::optional<Answer> ElasticObjects::handle(const Call& call) {
  if (call.path.size() > 1 && call.path[1] != '_' && call.path.find('/', 1) == std::string::npos)
    return handle_index(call);
  const std::string& path = call.path;
  const bool ilm = starts_with(path, kPolicy), ism = starts_with(path, kIsm);
  if (!ilm && !ism && !starts_with(path, kPipeline) && !starts_with(path, kComponent) && !starts_with(path, kTemplate))
    return std::nullopt;
  if (ilm && flavor_ == ElasticFlavor::serverless)
    return elastic_error(410, "api_not_available_exception",
                         "Request for uri [" + path + "] exists but is not available when running in serverless mode");
  if ((ilm && flavor_ == ElasticFlavor::opensearch) || (ism && flavor_ != ElasticFlavor::opensearch))
    return elastic_error(400, "illegal_argument_exception", "no handler found for uri [" + path + "]");
  const auto known = objects_.find(path);
  if (call.method == "GET") {
    if (known == objects_.end()) return elastic_error(404, "resource_not_found_exception", "not found");
    return Answer{200, json::serialize(json::object{{"found", known->second}}), "application/json", {}};
  }
  if (call.method != "PUT") return elastic_error(405, "method_not_allowed", "Incorrect HTTP method");
  if (ism && known != objects_.end())
    return elastic_error(409, "version_conflict_engine_exception", "version conflict, document already exists");
  const auto type = call.header("content-type");
  if (!starts_with(type, "application/json") && !starts_with(type, "application/vnd.elasticsearch+json"))
    return elastic_error(406, "media_type_header_exception", "Content-Type is not supported");
  const auto body = parse_one(call.body);
  if (!body || !body->is_object()) return elastic_error(400, "x_content_parse_exception", "not a JSON object");
  return put(path, body->get_object());
}

Answer ElasticObjects::put(const std::string& path, const json::object& body) {
  if (const auto fault = fault_of(path, body)) return elastic_error(400, "illegal_argument_exception", *fault);
  objects_[path] = body;
  return {200, R"({"acknowledged":true})", "application/json", {}};
}

std::optional<std::string> ElasticObjects::fault_of(const std::string& path, const json::object& body) const {
  const json::value whole(body);
  const auto only = [&](const std::set<std::string_view>& keys) -> std::optional<std::string> {
    for (const auto& member : body)
      if (!keys.contains(std::string_view(member.key().data(), member.key().size())))
        return "unknown field [" + std::string(member.key()) + "]";
    return std::nullopt;
  };
  const bool opensearch = flavor_ == ElasticFlavor::opensearch;
  if (flavor_ == ElasticFlavor::serverless)
    for (const char* name : {"number_of_shards", "number_of_replicas"})
      if (mentions(whole, name))
        return "Settings [index." + std::string(name) + "] are not available in serverless mode";
  if (opensearch && mentions(whole, "type", "flattened")) return "No handler for type [flattened]";
  if (!opensearch && mentions(whole, "type", "flat_object")) return "No handler for type [flat_object]";
  if (starts_with(path, kPipeline))
    return only(opensearch ? std::set<std::string_view>{"description", "processors", "on_failure", "version"}
                           : std::set<std::string_view>{"description", "processors", "on_failure", "version", "_meta"});
  if (starts_with(path, kComponent)) {
    if (opensearch && (mentions(whole, "mode") || mentions(whole, "lifecycle"))) return "unknown setting";
    return only({"template", "version", "_meta"});
  }
  if (starts_with(path, kPolicy) || starts_with(path, kIsm)) return only({"policy"});
  if (auto unknown = opensearch ? only({"index_patterns", "data_stream", "priority", "composed_of", "template",
                                        "version", "_meta"})
                                : only({"index_patterns", "data_stream", "priority", "composed_of", "template",
                                        "version", "_meta", "ignore_missing_component_templates"}))
    return unknown;
  if (!body.contains("index_patterns")) return "index_patterns is missing";
  std::set<std::string> optional;
  if (const auto* names = body.if_contains("ignore_missing_component_templates"); names != nullptr)
    for (const auto& name : names->as_array()) optional.emplace(name.as_string());
  if (const auto* names = body.if_contains("composed_of"); names != nullptr)
    for (const auto& name : names->as_array()) {
      const std::string text(name.as_string());
      if (!objects_.contains(std::string(kComponent) + text) && !optional.contains(text))
        return "component templates [" + text + "] that do not exist";
    }
  return std::nullopt;
}

bool ElasticObjects::covers(std::string_view name) const {
  if (const auto alias = write_index_.find(name); alias != write_index_.end()) name = alias->second;
  for (const auto& [path, object] : objects_) {
    if (!starts_with(path, kTemplate) || object.as_object().contains("data_stream") != starts_with(name, "logs-"))
      continue;
    for (const auto& pattern : object.at("index_patterns").as_array())
      if (matches(std::string_view(pattern.as_string()), name)) return true;
  }
  return false;
}

std::string ElasticObjects::missing_pipeline(std::string_view name) const {
  if (!covers(name)) return {};
  for (const auto& [path, object] : objects_) {
    if (!starts_with(path, kComponent)) continue;
    const std::string pipeline = text_at(object, "template.settings.index.default_pipeline");
    if (!pipeline.empty() && !has_pipeline(pipeline)) return pipeline;
  }
  return {};
}

}  // namespace csiem::doubles
