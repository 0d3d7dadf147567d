// [schema] and [exporters.ID.schema]: what becomes of the output of formats.
#include <algorithm>

#include "config/context.hpp"
#include "config/reader.hpp"
#include "config/suggest.hpp"
#include "schema/field_moves.hpp"

namespace csiem::config {
namespace {

schema::Validation validation(const std::string& word) {
  if (word == "off") return schema::Validation::off;
  return word == "enforce" ? schema::Validation::enforce : schema::Validation::warn;
}

// The mappings of one format, each with its place.
struct Mappings {
  std::vector<schema::FieldMapping> all;
  std::vector<const Node*> places;

  void add(const Node* table) {
    if (table == nullptr || table->kind != Node::Kind::table) return;
    for (const auto& [source, target] : table->members) {
      const std::string* text = as_text(target);
      if (text == nullptr || target.unresolved) continue;
      all.push_back({source, *text});
      places.push_back(&target);
    }
  }
};

void report(Context& context, const std::string& format, const Mappings& mappings,
            const schema::OutputSettings& settings) {
  for (const auto& problem : schema::check_mappings(format, mappings.all, settings)) {
    const Node& place = *mappings.places[problem.index];
    const auto& mapping = mappings.all[problem.index];
    auto& finding = context.findings.error(problem.other ? 1026 : 1043, problem.at_target ? place.value : place.key,
                                           "field mapping of '" + format + "': " + problem.what);
    finding.hint = did_you_mean(problem.at_target ? mapping.target : mapping.source, problem.known);
    if (problem.other)
      finding.notes.push_back("the other one stands at " + mappings.places[*problem.other]->value.text());
  }
}

void read_mappings(Context& context, const Reader& read, schema::OutputSettings& out) {
  for (const char* format : {"ecs", "ocsf", "cef"}) {
    Mappings mappings;
    if (std::string_view(format) == "ecs") mappings.add(read.node("schema.field_mappings"));
    mappings.add(read.node("schema." + std::string(format) + ".field_mappings"));
    if (mappings.all.empty()) continue;
    report(context, format, mappings, out);
    out.mappings[format] = std::move(mappings.all);
  }
}

}  // namespace

schema::OutputSettings read_output(Context& context, std::vector<const Node*> tables) {
  std::erase(tables, nullptr);
  const Reader read(std::move(tables), root_keys());
  schema::OutputSettings out;
  out.validate = validation(read.text("schema.validate"));
  out.include_raw = read.flag("schema.include_raw");
  for (auto& [format, version] : read.map("schema.versions")) out.versions[format] = version;
  out.ecs_namespace = read.text("schema.ecs.namespace");
  out.ocsf_mode = read.text("schema.ocsf.mode");
  out.cef_custom_keys = read.flag("schema.cef.custom_keys");
  read_mappings(context, read, out);
  return out;
}

}  // namespace csiem::config
