#include "schema/move_list.hpp"

#include <algorithm>

namespace csiem::schema {
namespace {

std::optional<MoveTarget> resolve(std::string_view format, std::string_view target, const OutputSettings& settings) {
  std::string problem;
  std::vector<std::string_view> known;
  if (format == "ecs") return ecs_target(target, settings, problem, known);
  if (format == "ocsf") return ocsf_target(target, settings, problem, known);
  return format == "cef" ? cef_target(target, settings, problem, known) : std::nullopt;
}

}  // namespace

std::vector<Move> make_moves(std::string_view format, const OutputSettings& settings) {
  std::vector<Move> out;
  const auto mappings = settings.mappings.find(std::string(format));
  if (mappings == settings.mappings.end()) return out;
  const auto places = usual_places(format);
  for (const auto& [source, target] : mappings->second) {
    auto resolved = resolve(format, target, settings);
    if (!resolved) continue;
    bool at_home = format == "ecs" && source == target && target.starts_with("labels.");
    std::vector<std::string> leaves;
    for (const UsualPlace& usual : places) {
      if (usual.source != source) continue;
      if (usual.place == target) at_home = true;
      if (!usual.stays) leaves.emplace_back(usual.place);
    }
    if (format == "ecs" && source.starts_with("labels.")) leaves.push_back(source);
    if (at_home) continue;
    out.push_back({SourceValue(source), *std::move(resolved), std::move(leaves), {}, {}, false});
  }
  return out;
}

bool load(std::vector<Move>& moves, const csiem_event& event, uint64_t& skipped) {
  bool any = false;
  for (Move& move : moves) {
    const process::Value value = move.source.of(event);
    move.active = false;
    if (value.type == process::Value::Type::missing) continue;
    if (const auto converted = convert(value, move.target, move.scratch)) {
      move.value = *converted;
      move.active = any = true;
    } else {
      ++skipped;
    }
  }
  return any;
}

}  // namespace csiem::schema
