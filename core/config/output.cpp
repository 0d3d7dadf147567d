// [schema] and [exporters.ID.schema]: what becomes of the output of formats.
#include <algorithm>

#include "config/context.hpp"
#include "config/reader.hpp"
#include "config/suggest.hpp"
#include "schema/field_moves.hpp"
#include "schema/output_fields.hpp"
#include "schema/schema_listing.hpp"

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

void read_fields(Context& context, const Reader& read, schema::OutputSettings& out) {
  for (const char* format : {"ecs", "ocsf", "cef"}) {
    const std::string table = "schema." + std::string(format);
    schema::FieldLists lists{read.texts(table + ".include_fields"), read.texts(table + ".exclude_fields")};
    if (lists.empty()) continue;
    out.fields[format] = lists;
    for (const auto& problem : schema::check_fields(format, out)) {
      const Node* const list = read.node(table + (problem.excluded ? ".exclude_fields" : ".include_fields"));
      const Origin& place = problem.index < list->items.size() ? list->items[problem.index].value : list->value;
      auto& finding =
          context.findings.error(1045, place, "field list of '" + std::string(format) + "': " + problem.what);
      const auto& names = problem.excluded ? lists.exclude : lists.include;
      finding.hint = problem.advice.empty() ? did_you_mean(names[problem.index], problem.known) : problem.advice;
    }
  }
}

// Of formats that are not the package's the plugin knows; it says so when its instance is made.
void read_versions(Context& context, const Reader& read, schema::OutputSettings& out) {
  for (auto& [format, version] : read.map("schema.versions")) out.versions[format] = version;
  const Node* const table = read.node("schema.versions");
  if (table == nullptr || table->kind != Node::Kind::table) return;
  std::vector<std::string> formats;
  for (const auto& one : schema::schemas()) formats.push_back(one.format);
  for (const auto& [format, node] : table->members) {
    const std::string* const version = as_text(node);
    if (version == nullptr || node.unresolved) continue;
    if (const std::string meant = nearest(format, formats); !meant.empty() && meant != format) {
      context.findings
          .warning(1024, node.value, "a version of format '" + format + "', which the package does not have")
          .hint = did_you_mean(format, formats);
    }
    for (const auto& one : schema::schemas()) {
      if (one.format != format || !schema::full_version(format, *version).empty()) continue;
      std::string known;
      for (const auto& name : one.versions) known += (known.empty() ? "" : ", ") + name;
      auto& finding =
          context.findings.error(1024, node.value, "there is no version '" + *version + "' of format '" + format + "'");
      finding.hint = "known: " + known;
      out.versions.erase(format);  // complained about once
    }
  }
}

}  // namespace

schema::OutputSettings read_output(Context& context, std::vector<const Node*> tables) {
  std::erase(tables, nullptr);
  const Reader read(std::move(tables), root_keys());
  schema::OutputSettings out;
  out.validate = validation(read.text("schema.validate"));
  out.include_raw = read.flag("schema.include_raw");
  read_versions(context, read, out);
  out.ecs_namespace = read.text("schema.ecs.namespace");
  out.ocsf_mode = read.text("schema.ocsf.mode");
  out.cef_custom_keys = read.flag("schema.cef.custom_keys");
  read_mappings(context, read, out);
  read_fields(context, read, out);
  return out;
}

}  // namespace csiem::config
