#include "config/reader.hpp"

#include <cassert>

#include "config/reference.hpp"
#include "config/suggest.hpp"

namespace csiem::config {
namespace {

std::string in(const std::string& where) { return where.empty() ? "" : " " + where; }

}  // namespace

Diagnostic& report_unknown(const Node& node, const std::string& name, const std::string& full, const std::string& where,
                           const std::vector<std::string>& known, Findings& findings) {
  auto& finding = findings.error(1021, node.key, "unknown key '" + name + "'" + in(where));
  std::string answer;
  // [exporters.splunk.batch] size = 5: the dotted spelling may be a known synonym.
  if (node.kind == Node::Kind::table)
    for (const auto& [inner, value] : node.members)
      if (answer.empty()) answer = synonym(full + "." + inner, known);
  if (!answer.empty()) answer = "did you mean '" + answer + "'?";
  finding.hint = answer.empty() ? did_you_mean(name, known) : answer;
  if (node.kind == Node::Kind::text) findings.secret_at(node.value);  // it may be a misspelt secret
  return finding;
}

void Check::walk(const Node& table, const std::string& path) const {
  for (const auto& [name, node] : table.members) member(name, path.empty() ? name : path + "." + name, node, path);
}

void Check::member(const std::string& name, const std::string& full, const Node& node, const std::string& path) const {
  if (const Key* key = find_key(keys, full)) {
    value(*key, full, node);
  } else if (is_section(keys, full)) {
    section(full, node);
  } else if (!unknown || !unknown(full, node)) {
    auto known = names_in(keys, path);
    if (path.empty()) known.insert(known.end(), others.begin(), others.end());
    const auto bracket = path.rfind("[]");
    const std::string shown = bracket == std::string::npos ? path : path.substr(0, bracket);
    report_unknown(node, name, full, where.empty() && !path.empty() ? "in [" + shown + "]" : where, known, *findings);
  }
}

void Check::section(const std::string& full, const Node& node) const {
  const bool list = !names_in(keys, full + "[]").empty();
  const auto wanted = list ? Node::Kind::list : Node::Kind::table;
  if (node.kind != wanted || (list && !node.items.empty() && !node.is_list_of_tables())) {
    auto& finding = findings->error(1022, node.value,
                                    "'" + full + "'" + in(where) + " is " + (list ? "a list of tables" : "a table") +
                                        ", not " + std::string(kind_text(node.kind)));
    finding.hint = list ? "write [[…" + full + "]]" : "write it as a [table] or { key = value }";
    return;
  }
  if (!list) return walk(node, full);
  for (const auto& item : node.items) walk(item, full + "[]");
}

void Check::value(const Key& key, const std::string& full, const Node& node) const {
  const auto parsed = interpret(key, node, full, where, findings);
  if (key.kind == Key::Kind::secret) {
    check_secret(node, full, where, *findings);
  } else if (key.kind != Key::Kind::any) {
    refuse_reference(node, full, where, *findings);
  }
  if (parsed && key.use == Key::Use::refused && is_active(node)) {
    auto& finding = findings->error(1026, node.key, "'" + full + "'" + in(where) + " is not available in this version");
    finding.hint = "remove it: nothing would apply it";
  }
}

const Node* Reader::node(std::string_view path) const {
  for (const Node* table : tables_) {
    const Node* found = table == nullptr ? nullptr : table->at(path);
    if (found != nullptr && !found->unresolved) return found;
  }
  return nullptr;
}

Value Reader::find(std::string_view path) const {
  const Key* key = find_key(keys_, path);
  assert(key != nullptr);
  if (const Node* written = node(path))
    if (auto value = interpret(*key, *written, "", "", nullptr)) return std::move(*value);
  return fallback_value(*key);
}

}  // namespace csiem::config
