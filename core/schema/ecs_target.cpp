// Targets in ECS documents.
#include <algorithm>

#include "schema/ecs_fields.hpp"
#include "schema/move_target.hpp"

namespace csiem::schema {
namespace {

using Type = MoveTarget::Type;

constexpr std::size_t kTermBytes = 32766;  // Elasticsearch refuses longer keywords that nothing cuts

std::vector<std::string> segments(std::string_view path) {
  std::vector<std::string> out;
  for (std::size_t dot = path.find('.'); dot != std::string_view::npos; dot = path.find('.')) {
    out.emplace_back(path.substr(0, dot));
    path.remove_prefix(dot + 1);
  }
  out.emplace_back(path);
  return out;
}

bool plain(std::string_view name) {
  return !name.empty() && std::all_of(name.begin(), name.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == '-' ||
           c == '@';
  });
}

std::optional<Type> type_of(ecs::Type type) {
  switch (type) {
    case ecs::Type::keyword:
    case ecs::Type::wildcard:
    case ecs::Type::match_only_text:
    case ecs::Type::text:
      return Type::text;
    case ecs::Type::long_:
      return Type::integer;
    case ecs::Type::float_:
    case ecs::Type::scaled_float:
      return Type::real;
    case ecs::Type::boolean:
      return Type::boolean;
    case ecs::Type::date:
      return Type::date;
    case ecs::Type::ip:
      return Type::ip;
    default:
      return std::nullopt;
  }
}

std::optional<MoveTarget> free_text(std::vector<std::string> path) {
  MoveTarget out;
  out.path = std::move(path);
  out.max_bytes = kTermBytes;
  return out;
}

}  // namespace

std::optional<MoveTarget> ecs_target(std::string_view target, const OutputSettings& settings, std::string& problem,
                                     std::vector<std::string_view>& known) {
  auto path = segments(target);
  if (!std::all_of(path.begin(), path.end(), plain)) {
    problem = "'" + std::string(target) + "' is no name of a field";
    return std::nullopt;
  }
  if (path.front() == settings.ecs_namespace) {
    if (path.size() > 1 && !own_name(path[1])) return free_text(std::move(path));
    problem = "'" + std::string(target) + "' is filled by the format itself";
    return std::nullopt;
  }
  const ecs::FieldSet& set = ecs::field_set();
  if (path.front() == "labels" && path.size() == 2) return free_text(std::move(path));
  const auto found = set.fields.find(target);
  if (found == set.fields.end()) {
    problem = set.parents.count(target) != 0
                  ? "'" + std::string(target) + "' is an object"
                  : "'" + std::string(target) + "' is no field of ECS " + std::string(ecs::kEcsVersion) +
                        " and not under '" + settings.ecs_namespace + "'";
    for (const auto& [name, field] : set.fields) known.push_back(name);
    return std::nullopt;
  }
  bool inside = path.front() == "data_stream";
  for (std::size_t dot = target.find('.'); dot != std::string_view::npos; dot = target.find('.', dot + 1))
    inside = inside || set.fields.find(target.substr(0, dot)) != set.fields.end();
  const ecs::Field& field = found->second;
  const auto type = type_of(field.type);
  if (!type || inside) {
    problem = "'" + std::string(target) + "' cannot be the target of a mapping";
    return std::nullopt;
  }
  MoveTarget out;
  out.path = std::move(path);
  out.type = *type;
  out.array = field.array;
  out.words = field.allowed.empty() ? field.expected : field.allowed;
  if (!field.pattern.empty())
    out.pattern = std::make_shared<const RE2>(re2::StringPiece(field.pattern.data(), field.pattern.size()));
  out.max_bytes = kTermBytes;
  return out;
}

}  // namespace csiem::schema
