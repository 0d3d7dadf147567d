// Targets in OCSF events: what every class that the format writes has, and has in the same form.
#include <algorithm>
#include <iterator>

#include "schema/move_target.hpp"
#include "schema/ocsf_observables.hpp"
#include "schema/ocsf_schema.hpp"

namespace csiem::schema {
namespace {

using Type = MoveTarget::Type;

constexpr int64_t kClasses[] = {0, 1001, 1007, 2004, 3002, 3004, 4001, 6002, 6003};
// Written in every event, with all that they require.
constexpr std::string_view kAlways[] = {"metadata", "metadata.product", "actor", "device"};

std::vector<std::string> segments(std::string_view path) {
  std::vector<std::string> out;
  for (std::size_t dot = path.find('.'); dot != std::string_view::npos; dot = path.find('.')) {
    out.emplace_back(path.substr(0, dot));
    path.remove_prefix(dot + 1);
  }
  out.emplace_back(path);
  return out;
}

// An object that the target may be the only member of.
bool complete_with(const ocsf::Item& item, std::string_view member, const ocsf::Profiles& profiles) {
  for (const auto& [name, attribute] : item.attributes)
    if (attribute->required && name != member && ocsf::visible(item, name, profiles) != nullptr) return false;
  return std::all_of(item.constraints.begin(), item.constraints.end(), [&](const ocsf::Constraint& c) {
    return !c.just_one && std::find(c.names.begin(), c.names.end(), member) != c.names.end();
  });
}

// The attribute in one class; null when it is not there or cannot be written alone.
const ocsf::Attribute* find(const ocsf::Item& event_class, const std::vector<std::string>& path,
                            const ocsf::Profiles& profiles) {
  const ocsf::Item* item = &event_class;
  std::string prefix;
  for (std::size_t i = 0; i < path.size(); ++i) {
    const ocsf::Attribute* const a = ocsf::visible(*item, path[i], profiles);
    const bool known = i == 0 || std::find(std::begin(kAlways), std::end(kAlways), prefix) != std::end(kAlways);
    if (a == nullptr || a->deprecated || (!known && !complete_with(*item, path[i], profiles))) return nullptr;
    if (i + 1 == path.size()) return a;
    if (a->object == nullptr || a->array || a->object->deprecated || a->object->attributes.empty()) return nullptr;
    item = a->object;
    prefix += (prefix.empty() ? "" : ".") + path[i];
  }
  return nullptr;
}

std::optional<MoveTarget> typed(const ocsf::Attribute& a, std::vector<std::string> path) {
  if (a.type == nullptr || a.values != nullptr || a.observable >= 0) return std::nullopt;
  MoveTarget out;
  switch (a.type->primitive) {
    case ocsf::Primitive::string:
      out.type = a.type->name == "datetime_t" ? Type::date : Type::text;
      break;
    case ocsf::Primitive::integer:
    case ocsf::Primitive::long_:
      if (a.type->name == "timestamp_t") return std::nullopt;  // its text would be missing
      out.type = Type::integer;
      break;
    case ocsf::Primitive::floating:
      out.type = Type::real;
      break;
    case ocsf::Primitive::boolean:
      out.type = Type::boolean;
      break;
    case ocsf::Primitive::json:
      return std::nullopt;
  }
  out.path = std::move(path);
  out.array = a.array;
  if (a.type->pattern != nullptr) out.pattern = std::make_shared<const RE2>(a.type->pattern->pattern());
  out.max_characters = a.type->max_length.value_or(0);
  if (a.type->range) out.range = *a.type->range;
  return out;
}

}  // namespace

std::optional<MoveTarget> ocsf_target(std::string_view target, const OutputSettings& settings, std::string& problem,
                                      std::vector<std::string_view>& known) {
  auto path = segments(target);
  const std::string quoted = "'" + std::string(target) + "'";
  if (std::any_of(path.begin(), path.end(),
                  [](const std::string& s) { return s.empty() || s.find_first_of("[]\"\\ ") != std::string::npos; })) {
    problem = quoted + " is no name of an attribute";
    return std::nullopt;
  }
  MoveTarget out;
  if (path.size() > 2 && path[0] == "metadata" && path[1] == "tags") {
    out.path = {std::string(target.substr(std::string_view("metadata.tags.").size()))};
    out.tag = true;
    return out;
  }
  if (path.size() > 1 && path[0] == "unmapped") {
    if (path[1] == "clawdstrike" && (path.size() == 2 || own_name(path[2]))) {
      problem = quoted + " is filled by the format itself";
      return std::nullopt;
    }
    out.path = std::move(path);
    return out;
  }
  const std::string version = settings.version("ocsf");
  const ocsf::Schema& schema = ocsf::Schema::of(version.empty() ? "1.8.0" : version);
  const ocsf::Profiles profiles = {"datetime", "host", "security_control"};
  const ocsf::Attribute* in_all = nullptr;
  for (const int64_t uid : kClasses) {
    const ocsf::Item* const event_class = schema.event_class(uid);
    const ocsf::Attribute* const a = event_class == nullptr ? nullptr : find(*event_class, path, profiles);
    const bool same =
        in_all == nullptr || (a != nullptr && a->type_name == in_all->type_name && a->array == in_all->array);
    if (a != nullptr && same) {
      in_all = a;
      continue;
    }
    problem = quoted + " is no attribute that every class written has";
    if (const ocsf::Item* const base = schema.event_class(0))
      for (const auto& [name, attribute] : base->attributes) known.push_back(name);
    return std::nullopt;
  }
  auto resolved = in_all == nullptr ? std::nullopt : typed(*in_all, std::move(path));
  if (!resolved) problem = quoted + " cannot be the target of a mapping";
  return resolved;
}

}  // namespace csiem::schema
