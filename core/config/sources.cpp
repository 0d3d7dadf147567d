// [sources.ID].
#include <map>

#include "config/context.hpp"
#include "config/reader.hpp"

namespace csiem::config {
namespace {

bool valid_id(std::string_view id) {
  for (const char c : id)
    if (!((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == '-'))
      return false;
  return !id.empty() && id.size() <= 64;
}

Source read_source(const std::string& id, const Node& node) {
  const Reader read({&node}, source_keys());
  Source out;
  out.id = id;
  out.type = read.text("type");
  out.enabled = read.flag("enabled");
  out.path = read.text("path");
  out.format = read.text("format");
  out.read_from = read.text("read_from");
  out.strict = read.text("mode") == "strict";
  out.keep_payloads = read.flag("keep_payloads");
  out.unevaluated = read.text("unevaluated");
  // Other lines than events are normal on a shared standard output, and an alarm in a file.
  out.allow_foreign_lines =
      read.node("allow_foreign_lines") == nullptr ? out.type == "stdin" : read.flag("allow_foreign_lines");
  out.strict_seed_categories = read.flag("strict_seed_categories");
  out.max_line_bytes = read.size("max_line_bytes");
  out.default_agent_id = read.text("default_agent_id");
  out.default_agent_version = read.text("default_agent_version");
  out.default_session_id = read.text("default_session_id");
  out.origin = node.value;
  return out;
}

void check_source(Context& context, const Source& source, const Node& node, const std::string& where) {
  auto& findings = context.findings;
  const Node* type = node.find("type");
  if (type == nullptr) {
    findings.error(1023, node.value, "missing key 'type' " + where).hint =
        "jsonl = follow a file; stdin = standard input";
  } else if (source.type == "hushd" || source.type == "http" || source.type == "unix") {
    findings.error(1024, type->value, "source type '" + source.type + "' is not part of this version").hint =
        "set enabled = false, or use type = \"jsonl\"";
  } else if (source.type == "jsonl" && source.path.empty()) {
    const Node* path = node.find("path");
    // A value of another type was reported where it was read.
    if (path == nullptr || (path->kind == Node::Kind::text && !path->unresolved))
      findings.error(1023, path == nullptr ? node.value : path->value, "missing key 'path' " + where).hint =
          "the file that the agent writes, for example .hush/audit.jsonl";
  }
}

}  // namespace

void read_sources(Context& context, std::vector<Source>& out) {
  const Node* sources = context.root.find("sources");
  if (sources == nullptr) return;
  if (sources->kind != Node::Kind::table) {
    context.findings.error(1022, sources->value, "'sources' is a table, not " + std::string(kind_text(sources->kind)));
    return;
  }
  std::map<std::string, std::string> readers;  // what is read, by whom
  for (const auto& [id, node] : sources->members) {
    const std::string where = "in source '" + id + "'";
    if (node.kind != Node::Kind::table) {
      context.findings
          .error(1022, node.value, "source '" + id + "' is a table, not " + std::string(kind_text(node.kind)))
          .hint = "write [sources." + id + "]";
      continue;
    }
    if (!valid_id(id)) {
      context.findings.error(1024, node.key, "the id of a source holds letters, digits, _ and -, up to 64");
      continue;
    }
    Source source = read_source(id, node);
    const bool later = source.type == "hushd" || source.type == "http" || source.type == "unix";
    Check check{source_keys(), where, &context.findings, {}, {}};
    // Keys of a type that does not exist yet cannot be told from mistakes.
    if (later) check.unknown = [](const std::string&, const Node&) { return true; };
    check.run(node);
    if (source.enabled) {
      check_source(context, source, node, where);
      const std::string input = source.type == "jsonl" ? source.path : source.type == "stdin" ? "standard input" : "";
      const auto [first, added] = readers.try_emplace(input, id);
      if (!added && !input.empty()) {
        const Node* at = node.find(source.type == "jsonl" ? "path" : "type");
        context.findings
            .error(1026, at->value, "source '" + id + "' reads the same input as source '" + first->second + "'")
            .notes.push_back("the other one stands at " + sources->find(first->second)->value.text());
      }
    }
    out.push_back(std::move(source));
  }
}

}  // namespace csiem::config
