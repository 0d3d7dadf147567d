#include "schema/schema_listing.hpp"

#include <algorithm>
#include <map>

#include "schema/cef_keys.hpp"
#include "schema/ecs_fields.hpp"
#include "schema/ocsf_schema.hpp"

namespace csiem::schema {
namespace {

using Rows = std::vector<std::vector<std::string>>;

constexpr int64_t kWritten[] = {0, 1001, 1007, 2004, 3002, 3004, 4001, 6002, 6003};

std::string ecs_type(ecs::Type type) {
  constexpr const char* kNames[] = {"keyword",  "constant_keyword",
                                    "wildcard", "match_only_text",
                                    "text",     "long",
                                    "float",    "scaled_float",
                                    "boolean",  "date",
                                    "ip",       "geo_point",
                                    "object",   "nested",
                                    "flattened"};
  return kNames[static_cast<std::size_t>(type)];
}

std::string cef_type(cef::Type type) {
  constexpr const char* kNames[] = {"string",       "integer", "long", "float", "address",
                                    "IPv6 address", "MAC",     "enum", "time"};
  return kNames[static_cast<std::size_t>(type)];
}

template <class Words>
std::string joined(const Words& words) {
  std::string out;
  for (const auto& word : words) out += (out.empty() ? "" : " ") + std::string(word);
  return out;
}

Rows ecs_rows() {
  std::map<std::string_view, const ecs::Field*> sorted;
  for (const auto& [name, field] : ecs::field_set().fields) sorted.emplace(name, &field);
  Rows out = {{"FIELD", "TYPE", "ARRAY", "VALUES"}};
  for (const auto& [name, field] : sorted)
    out.push_back({std::string(name), ecs_type(field->type), field->array ? "yes" : "",
                   joined(field->allowed.empty() ? field->expected : field->allowed)});
  return out;
}

Rows ocsf_rows(std::string_view version) {
  Rows out = {{"CLASS", "NAME", "REQUIRED ATTRIBUTES"}};
  for (const int64_t uid : kWritten) {
    const ocsf::Item* const event_class = ocsf::Schema::of(version).event_class(uid);
    if (event_class == nullptr) continue;
    std::vector<std::string> required;
    for (const auto& [name, attribute] : event_class->attributes)
      if (attribute->required && attribute->profiles.empty()) required.emplace_back(name);
    std::sort(required.begin(), required.end());
    out.push_back({std::to_string(uid), std::string(event_class->name), joined(required)});
  }
  return out;
}

Rows cef_rows() {
  std::map<std::string_view, const cef::Key*> sorted;
  for (const auto& [name, key] : cef::dictionary().keys)
    if (!key.consumer) sorted.emplace(name, &key);
  Rows out = {{"KEY", "TYPE", "LONGEST", "LABEL", "VALUES"}};
  for (const auto& [name, key] : sorted)
    out.push_back({std::string(name), cef_type(key->type), key->max_length == 0 ? "" : std::to_string(key->max_length),
                   std::string(key->label), joined(key->values)});
  return out;
}

}  // namespace

std::vector<SchemaName> schemas() {
  return {{"ecs", {std::string(ecs::kEcsVersion)}, "Elastic Common Schema"},
          {"ocsf", {"1.8.0", "1.7.0", "1.6.0", "1.5.0"}, "Open Cybersecurity Schema Framework"},
          {"cef", {"27"}, "ArcSight Common Event Format"},
          {"native", {"1.0.0"}, "the canonical event"}};
}

std::string full_version(std::string_view format, std::string_view version) {
  for (const SchemaName& one : schemas()) {
    if (one.format != format) continue;
    for (const std::string& full : one.versions)
      if (version.empty() || full == version || full.starts_with(std::string(version) + ".")) return full;
  }
  return {};
}

std::vector<std::vector<std::string>> schema_rows(std::string_view format, std::string_view version) {
  if (format == "ecs") return ecs_rows();
  if (format == "ocsf") return ocsf_rows(version);
  if (format == "cef") return cef_rows();
  return {};
}

}  // namespace csiem::schema
