#include "config/plugin_settings.hpp"

#include "config/merge.hpp"
#include "config/schema_walker.hpp"

namespace csiem::config {

struct PluginSchema::Impl {
  json::object schema;
  Node defaults;
};

PluginSchema::PluginSchema(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
PluginSchema::PluginSchema(PluginSchema&&) noexcept = default;
PluginSchema& PluginSchema::operator=(PluginSchema&&) noexcept = default;
PluginSchema::~PluginSchema() = default;

std::optional<PluginSchema> PluginSchema::parse(std::string_view schema_json, std::string* problem) {
  auto impl = std::make_unique<Impl>();
  if (schema_json.empty()) {
    impl->schema["properties"].emplace_object();
    return PluginSchema(std::move(impl));
  }
  boost::system::error_code error;
  json::value parsed = json::parse(json::string_view(schema_json.data(), schema_json.size()), error);
  if (error || !parsed.is_object()) {
    *problem = "its settings schema is not a JSON object";
    return std::nullopt;
  }
  impl->schema = std::move(parsed.get_object());
  if (const json::object* defaults = object_at(impl->schema, "x-csiem-defaults"))
    impl->defaults = node_from_json(*defaults, {"plugin default", 0, 0, 0});
  return PluginSchema(std::move(impl));
}

std::string PluginSchema::title() const { return std::string(text_at(impl_->schema, "title")); }

Node PluginSchema::example() const {
  const json::value* examples = impl_->schema.if_contains("examples");
  if (examples == nullptr || !examples->is_array() || examples->get_array().empty()) return {};
  return node_from_json(examples->get_array().front(), {});
}

std::vector<std::string> PluginSchema::names() const {
  std::vector<std::string> out;
  if (const json::object* properties = object_at(impl_->schema, "properties"))
    for (const auto& [key, property] : *properties) out.emplace_back(key);
  return out;
}

std::vector<std::string> PluginSchema::names_below(std::string_view name) const {
  std::vector<std::string> out;
  const json::object* properties = object_at(impl_->schema, "properties");
  const json::object* table = properties == nullptr ? nullptr : object_at(*properties, name);
  const json::object* inner = table == nullptr ? nullptr : object_at(*table, "properties");
  if (inner != nullptr)
    for (const auto& [key, property] : *inner) out.emplace_back(key);
  return out;
}

bool PluginSchema::knows(std::string_view dotted) const {
  const json::object* here = &impl_->schema;
  while (here != nullptr && !dotted.empty()) {
    const auto dot = dotted.find('.');
    const json::object* properties = object_at(*here, "properties");
    here = properties == nullptr ? nullptr : object_at(*properties, dotted.substr(0, dot));
    dotted = dot == std::string_view::npos ? std::string_view() : dotted.substr(dot + 1);
  }
  return here != nullptr;
}

bool PluginSchema::opens_connections() const { return flag_at(impl_->schema, "x-csiem-own-network"); }

const Node& PluginSchema::daemon_defaults() const { return impl_->defaults; }

Node PluginSchema::daemon_defaults(const Node& settings) const {
  Node out = impl_->defaults;
  const json::object* properties = object_at(impl_->schema, "properties");
  if (properties == nullptr) return out;
  for (const auto& [key, value] : *properties) {
    const json::object* property = value.if_object();
    const json::object* by_value = property == nullptr ? nullptr : object_at(*property, "x-csiem-defaults");
    if (by_value == nullptr) continue;
    const Node* given = settings.find(std::string_view(key.data(), key.size()));
    const std::string_view chosen = given == nullptr ? text_at(*property, "default") : std::string_view(given->text);
    if (const json::object* defaults = object_at(*by_value, chosen))
      out = overlaid(out, node_from_json(*defaults, {"plugin default", 0, 0, 0}));
  }
  return out;
}

namespace {

void add_rows(const json::object& schema, const std::string& prefix, std::vector<PluginSchema::Row>& out) {
  const json::object* properties = object_at(schema, "properties");
  if (properties == nullptr) return;
  const json::value* required = schema.if_contains("required");
  for (const auto& [key, value] : *properties) {
    const json::object* property = value.if_object();
    if (property == nullptr) continue;
    const std::string path = prefix.empty() ? std::string(key) : prefix + "." + std::string(key);
    const json::value* fallback = property->if_contains("default");
    if (fallback == nullptr && property->if_contains("properties") != nullptr) {
      add_rows(*property, path, out);
      continue;
    }
    PluginSchema::Row row;
    row.path = path;
    row.type = types_text(*property);
    row.about = std::string(text_at(*property, "description"));
    if (fallback != nullptr) row.fallback = toml_text(node_from_json(*fallback, {}));
    row.secret = flag_at(*property, "x-csiem-secret");
    if (required != nullptr && required->is_array())
      for (const auto& name : required->get_array())
        row.required = row.required || (name.is_string() && name.get_string() == key);
    out.push_back(std::move(row));
  }
}

}  // namespace

std::vector<PluginSchema::Row> PluginSchema::rows() const {
  std::vector<Row> out;
  add_rows(impl_->schema, "", out);
  return out;
}

PluginSchema::Answer PluginSchema::apply(const Request& request, Findings& findings) const {
  Answer answer;
  SchemaWalker walker(request, findings, answer);
  auto settings = walker.object(impl_->schema, *request.settings, "", {});
  json::object out = settings && settings->is_object() ? std::move(settings->get_object()) : json::object();
  json::object host;
  host["host_name"] = request.host_name;
  host["version"] = request.version;
  host["instance"] = request.exporter;
  host["batch_max_bytes"] = request.batch_max_bytes;
  if (flag_at(impl_->schema, "x-csiem-own-network")) {
    host["tls"] = json::object{{"verify", request.tls.verify},
                               {"ca_file", request.tls.ca_file},
                               {"cert_file", request.tls.cert_file},
                               {"key_file", request.tls.key_file},
                               {"min_version", request.tls.min_version}};
    host["timeout_ms"] = request.timeout_ms;
  }
  out["csiem"] = std::move(host);
  answer.json = json::serialize(out);
  return answer;
}

}  // namespace csiem::config
