// [exporters] and [exporter_defaults].
#include "config/exporter_reader.hpp"

namespace csiem::config {
namespace {

bool valid_id(std::string_view id) {
  for (const char c : id)
    if (!((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == '-'))
      return false;
  return !id.empty() && id.size() <= 64;
}

void check_defaults(Context& context, const Node& defaults) {
  Check check{exporter_keys(), "in [exporter_defaults]", &context.findings, {}, {}};
  check.unknown = [&](const std::string& path, const Node& member) {
    if (path != "type" && path != "enabled" && path != "routes") return false;
    context.findings.error(1021, member.key, "'" + path + "' cannot be a default of all exporters").hint =
        "it belongs in [exporters.ID]";
    return true;
  };
  check.run(defaults);
}

// The only policy with which one exporter can hold up the others (delivery.md 6).
void check_blocking(Context& context, const std::vector<Exporter>& exporters) {
  std::size_t enabled = 0;
  for (const Exporter& exporter : exporters) enabled += exporter.enabled;
  for (const Exporter& exporter : exporters) {
    if (!exporter.enabled || exporter.required || exporter.queue.when_full != "block" || enabled < 2) continue;
    auto& finding = context.findings.warning(
        1061, exporter.queue.when_full_origin,
        "exporter '" + exporter.id + "' stops the sources of all exporters when the store is full");
    finding.hint = "set required = true when it must have everything, else let when_full drop";
  }
}

}  // namespace

std::vector<Key> all_exporter_keys() {
  std::vector<Key> out(exporter_only_keys().begin(), exporter_only_keys().end());
  out.insert(out.end(), exporter_keys().begin(), exporter_keys().end());
  return out;
}

void read_exporters(Context& context, Configuration& out) {
  auto& findings = context.findings;
  const Node* defaults = context.root.find("exporter_defaults");
  if (defaults != nullptr && defaults->kind != Node::Kind::table) {
    findings.error(1022, defaults->value,
                   "'exporter_defaults' is a table, not " + std::string(kind_text(defaults->kind)));
    defaults = nullptr;
  }
  if (defaults != nullptr) check_defaults(context, *defaults);
  const Node* exporters = context.root.find("exporters");
  if (exporters == nullptr) return;
  if (exporters->kind != Node::Kind::table) {
    findings.error(1022, exporters->value, "'exporters' is a table, not " + std::string(kind_text(exporters->kind)));
    return;
  }
  for (const auto& [id, node] : exporters->members) {
    if (node.kind != Node::Kind::table) {
      findings.error(1022, node.value, "exporter '" + id + "' is a table, not " + std::string(kind_text(node.kind)))
          .hint = "write [exporters." + id + "]";
      continue;
    }
    if (!valid_id(id)) {
      findings.error(1024, node.key, "the id of an exporter holds letters, digits, _ and -, up to 64");
      continue;
    }
    out.exporters.push_back(ExporterReader(context, out, id, node, defaults).read());
  }
  check_shared_paths(context, out.exporters);
  check_blocking(context, out.exporters);
}

}  // namespace csiem::config
