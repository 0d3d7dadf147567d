#include "schema/schema_registry.hpp"

#include <algorithm>
#include <boost/json.hpp>

namespace csiem::schema {
namespace {

constexpr std::string_view kNoBodies = "none";

bool accepts(const plugin::Component& exporter, std::string_view format) {
  return std::any_of(exporter.formats.begin(), exporter.formats.end(),
                     [&](const std::string& f) { return f == "*" || f == format; });
}

std::string list(const std::vector<std::string>& words) {
  std::string out;
  for (const std::string& word : words) out += (out.empty() ? "" : ", ") + (word == "*" ? "any" : word);
  return out.empty() ? "none" : out;
}

bool takes(const plugin::Component& format, const char* setting) {
  boost::system::error_code problem;
  const auto schema = boost::json::parse(format.config_schema, problem);
  return !problem && schema.find_pointer("/properties/" + std::string(setting), problem) != nullptr;
}

}  // namespace

Result<const plugin::Component*> SchemaRegistry::choose(const plugin::Component& exporter, std::string_view requested,
                                                        std::string_view default_format) {
  const plugin::Component* no_bodies = nullptr;
  const bool wants_none = exporter.default_format == kNoBodies;
  if (!requested.empty()) {
    if (requested == kNoBodies && wants_none) return no_bodies;
    if (requested == kNoBodies || !accepts(exporter, requested))
      return Error{Code::invalid,
                   "exporter type '" + exporter.name + "' does not take format '" + std::string(requested) +
                       "' (it takes: " + list(exporter.formats) + ")",
                   1024};
    return plugins_.format(requested);
  }
  if (wants_none) return no_bodies;
  if (!default_format.empty() && accepts(exporter, default_format)) return plugins_.format(default_format);
  return plugins_.format(exporter.default_format);
}

std::string SchemaRegistry::config_json(const plugin::Component& format, const OutputSettings& output) const {
  boost::json::object csiem;
  csiem["host_name"] = settings_.host_name;
  csiem["version"] = settings_.daemon_version;
  csiem["instance"] = "";
  boost::json::object all;
  all["csiem"] = std::move(csiem);
  if (const std::string version = output.version(format.name); !version.empty()) all["version"] = version;
  if (output.include_raw && takes(format, "include_raw")) all["include_raw"] = true;
  if (format.name == "ecs") all["namespace"] = output.ecs_namespace;
  if (format.name == "ocsf") all["mode"] = output.ocsf_mode;
  if (format.name == "cef") all["custom_keys"] = output.cef_custom_keys;
  return boost::json::serialize(all);
}

}  // namespace csiem::schema
