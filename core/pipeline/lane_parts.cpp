#include "pipeline/lane_parts.hpp"

#include "schema/field_moves.hpp"
#include "schema/output_check.hpp"
#include "schema/output_fields.hpp"

namespace csiem::pipeline {

Result<delivery::LaneParts> lane_parts(const config::Exporter& exporter, plugin::Registry& plugins,
                                       schema::SchemaRegistry& schemas, const std::string& default_format) {
  CS_TRY(component, plugins.exporter(exporter.type));
  CS_TRY(format, schemas.choose(*component, exporter.format, default_format));
  delivery::LaneParts parts;
  parts.settings = exporter;
  parts.exporter = component;
  parts.format = format;
  if (format != nullptr) {
    parts.format_config_json = schemas.config_json(*format, exporter.output);
    parts.moves = schema::FieldMoves::make(format->name, exporter.output);
    parts.fields = schema::OutputFields::make(format->name, exporter.output);
    parts.check = schema::OutputCheck::make(format->name, exporter.output, exporter.id);
  }
  return parts;
}

}  // namespace csiem::pipeline
