// What may stand in field lists, and who takes fields out.
#include "schema/output_fields.hpp"

#include <algorithm>
#include <iterator>
#include <utility>

#include "schema/cef_keys.hpp"
#include "schema/ecs_fields.hpp"
#include "schema/field_tree.hpp"
#include "schema/move_target.hpp"

namespace csiem::schema {
namespace {

// Of every document; the last three hang together by rules of their own.
constexpr std::string_view kEcsRequired[] = {"@timestamp", "ecs.version", "event.kind", "event.category", "event.type"};
constexpr std::string_view kCefOwn[] = {"ClawdstrikeSiemLabels", "ClawdstrikeSiemMetadata"};

std::string quoted(std::string_view name) { return "'" + std::string(name) + "'"; }

const FieldLists& lists_of(std::string_view format, const OutputSettings& settings) {
  static const FieldLists kNone;
  const auto found = settings.fields.find(std::string(format));
  return found == settings.fields.end() ? kNone : found->second;
}

bool is_target(std::string_view format, std::string_view name, const OutputSettings& settings) {
  const auto found = settings.mappings.find(std::string(format));
  return found != settings.mappings.end() &&
         std::any_of(found->second.begin(), found->second.end(),
                     [&](const FieldMapping& mapping) { return covers(name, mapping.target); });
}

bool known_to_ecs(std::string_view name, const OutputSettings& settings) {
  const ecs::FieldSet& set = ecs::field_set();
  if (set.fields.count(name) != 0 || set.parents.count(name) != 0) return true;
  const std::size_t dot = name.find('.');
  const std::string_view first = name.substr(0, dot);
  if (first == "labels") return dot != std::string_view::npos && dot + 1 < name.size();
  if (first != settings.ecs_namespace) return false;
  if (dot == std::string_view::npos) return true;
  const std::string_view rest = name.substr(dot + 1);
  return own_name(rest.substr(0, rest.find('.')));
}

FieldVerdict ecs_field(std::string_view name, bool exclude, const OutputSettings& settings) {
  FieldVerdict out;
  if (!known_to_ecs(name, settings) && !is_target("ecs", name, settings)) {
    out.problem = quoted(name) + " is no field of ECS " + std::string(ecs::kEcsVersion) + " and not under '" +
                  settings.ecs_namespace + "'";
    for (const auto& [field, about] : ecs::field_set().fields) out.known.emplace_back(field);
    for (const std::string_view parent : ecs::field_set().parents) out.known.emplace_back(parent);
    return out;
  }
  if (!exclude) return out;
  for (const std::string_view field : kEcsRequired) {
    if (!covers(name, field)) continue;
    out.problem = field == name ? quoted(name) + " is required in every document of ECS"
                                : quoted(name) + " holds " + quoted(field) + ", which every document of ECS needs";
    out.advice = field == name ? "remove it from the list" : "name the fields below " + quoted(name) + " instead";
    break;
  }
  return out;
}

FieldVerdict cef_field(std::string_view name) {
  FieldVerdict out;
  if (std::find(std::begin(kCefOwn), std::end(kCefOwn), name) != std::end(kCefOwn)) return out;
  const auto& keys = cef::dictionary().keys;
  const auto found = keys.find(name);
  if (found == keys.end() || found->second.consumer) {
    out.problem =
        quoted(name) + (cef::dictionary().full_names.count(name) != 0 ? " is a full name; lists hold the short key"
                                                                      : " is no key of CEF that is sent");
    for (const auto& [key, about] : keys)
      if (!about.consumer && about.labels.empty()) out.known.emplace_back(key);
  } else if (!found->second.labels.empty()) {
    out.problem = quoted(name) + " goes with the key that it is the label of";
    out.advice = "write '" + std::string(found->second.labels) + "'";
  }
  return out;
}

}  // namespace

std::vector<FieldProblem> check_fields(std::string_view format, const OutputSettings& settings) {
  std::vector<FieldProblem> out;
  const FieldLists& lists = lists_of(format, settings);
  for (const bool exclude : {false, true}) {
    const auto& list = exclude ? lists.exclude : lists.include;
    for (std::size_t i = 0; i < list.size(); ++i) {
      FieldVerdict verdict = format == "ecs"    ? ecs_field(list[i], exclude, settings)
                             : format == "ocsf" ? ocsf_field(list[i], exclude, settings)
                                                : cef_field(list[i]);
      if (!verdict.problem.empty())
        out.push_back({exclude, i, std::move(verdict.problem), std::move(verdict.advice), std::move(verdict.known)});
    }
  }
  return out;
}

std::unique_ptr<OutputFields> OutputFields::make(std::string_view format, const OutputSettings& settings) {
  const FieldLists& lists = lists_of(format, settings);
  if (lists.empty()) return nullptr;
  if (format == "cef") return cef_fields(lists);
  if (format != "ecs" && format != "ocsf") return nullptr;
  FieldTree tree;
  for (const auto& name : lists.include) tree.at(name).included = true;
  for (const auto& name : lists.exclude) tree.at(name).excluded = true;
  if (!lists.include.empty()) {
    if (format == "ocsf") ocsf_required(tree, lists.include, settings);
    if (format == "ecs")
      for (const std::string_view name : kEcsRequired) tree.at(name).required = true;
  }
  return json_fields(std::move(tree), lists.include.empty(), format == "ocsf");
}

}  // namespace csiem::schema
