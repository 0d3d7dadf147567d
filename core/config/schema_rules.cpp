// Rules between several settings of one table, and patterns of text.
#include <re2/re2.h>

#include <algorithm>

#include "config/schema_walker.hpp"

namespace csiem::config {
namespace {

// A member that was written and says something: an empty text is as good as none.
const Node* written(const Node& table, std::string_view name) {
  const Node* member = table.find(name);
  return member == nullptr || (member->kind == Node::Kind::text && member->text.empty() && !member->unresolved)
             ? nullptr
             : member;
}

std::vector<std::string> names_of(const json::object& schema, std::string_view keyword) {
  std::vector<std::string> out;
  const json::value* list = schema.if_contains(keyword);
  if (list != nullptr && list->is_array())
    for (const auto& one : list->get_array())
      if (one.is_string()) out.emplace_back(one.get_string());
  return out;
}

// The member that makes `condition` ({"properties": {NAME: {"const": VALUE}}}) true; null when it is not.
const Node* fulfilled(const json::object& condition, const Node& table, std::string* name) {
  const json::object* properties = object_at(condition, "properties");
  const Node* found = nullptr;
  if (properties != nullptr)
    for (const auto& [key, property] : *properties) {
      const Node* member = table.find(key);
      const json::value* wanted = property.is_object() ? property.get_object().if_contains("const") : nullptr;
      if (member == nullptr || wanted == nullptr || json_from_node(*member) != *wanted) return nullptr;
      found = member;
      *name = std::string(key);
    }
  return found;
}

}  // namespace

// dependentRequired; and in allOf {"not": {"required": [A, B]}} for settings that exclude each other, and
// {"if": {"properties": {A: {"const": VALUE}}}, "then": {"required": [B]}} for what one value of A needs.
void SchemaWalker::check_rules(const json::object& schema, const Node& node, const std::string& path) {
  const auto full = [&](const std::string& name) { return path.empty() ? name : path + "." + name; };
  if (const json::object* needs = object_at(schema, "dependentRequired"))
    for (const auto& [key, wanted] : *needs) {
      const Node* has = written(node, key);
      if (has == nullptr) continue;
      for (const auto& one : names_of(*needs, key))
        if (written(node, one) == nullptr)
          findings_.error(1026, has->value, name(full(std::string(key))) + " needs '" + full(one) + "'");
    }
  const json::value* all = schema.if_contains("allOf");
  if (all == nullptr || !all->is_array()) return;
  for (const auto& entry : all->get_array()) {
    const json::object* rule = entry.if_object();
    if (rule == nullptr) continue;
    if (const json::object* forbidden = object_at(*rule, "not")) {
      const auto names = names_of(*forbidden, "required");
      const bool together = names.size() >= 2 && std::all_of(names.begin(), names.end(), [&](const std::string& one) {
                              return written(node, one) != nullptr;
                            });
      if (!together) continue;
      findings_
          .error(1026, written(node, names.back())->value,
                 "'" + full(names.back()) + "' and '" + full(names.front()) + "' " + request_.where +
                     " exclude each other")
          .notes.push_back("the other one stands at " + written(node, names.front())->value.text());
    }
    const json::object* condition = object_at(*rule, "if");
    const json::object* then = object_at(*rule, "then");
    if (condition == nullptr || then == nullptr) continue;
    std::string cause;
    const Node* has = fulfilled(*condition, node, &cause);
    if (has == nullptr) continue;
    for (const auto& one : names_of(*then, "required"))
      if (written(node, one) == nullptr)
        findings_.error(1023, has->value, name(full(cause)) + " = " + toml_text(*has) + " needs '" + full(one) + "'");
    if (flag_at(*then, "x-csiem-client-certificate") && request_.tls.cert_file.empty())
      findings_.error(1023, has->value, name(full(cause)) + " = " + toml_text(*has) + " needs 'tls.cert_file'").hint =
          "set tls.cert_file and tls.key_file";
  }
}

bool SchemaWalker::matches(const json::object& schema, const Node& node, const std::string& path) {
  const auto pattern = text_at(schema, "pattern");
  if (pattern.empty()) return true;
  const RE2 compiled(re2::StringPiece(pattern.data(), pattern.size()), RE2::Quiet);
  if (!compiled.ok() || RE2::PartialMatch(node.text, compiled)) return true;
  auto& finding = findings_.error(1024, node.value, name(path) + " cannot be " + toml_text(node));
  if (const auto about = text_at(schema, "description"); !about.empty())
    finding.notes.push_back(path + ": " + std::string(about));
  return false;
}

}  // namespace csiem::config
