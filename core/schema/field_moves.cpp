#include "schema/field_moves.hpp"

#include "schema/field_moves_of.hpp"

namespace csiem::schema {

std::unique_ptr<FieldMoves> FieldMoves::make(std::string_view format, const OutputSettings& settings) {
  const auto mappings = settings.mappings.find(std::string(format));
  if (mappings == settings.mappings.end() || mappings->second.empty()) return nullptr;
  if (format == "ecs" || format == "ocsf") return json_moves(format, settings);
  return format == "cef" ? cef_moves(settings) : nullptr;
}

}  // namespace csiem::schema
