#include "config/merge.hpp"

#include <iterator>

namespace csiem::config {
namespace {

void merge_at(Node& below, Node&& above, const std::string& path, bool same_layer, Findings& findings) {
  if (below.kind == Node::Kind::table && above.kind == Node::Kind::table) {
    for (auto& [name, member] : above.members) {
      const std::string full = path.empty() ? name : path + "." + name;
      const auto [at, added] = below.members.try_emplace(name);
      if (added)
        at->second = std::move(member);
      else
        merge_at(at->second, std::move(member), full, same_layer, findings);
    }
    return;
  }
  if (below.is_list_of_tables() && above.is_list_of_tables()) {
    below.items.insert(below.items.end(), std::make_move_iterator(above.items.begin()),
                       std::make_move_iterator(above.items.end()));
    return;
  }
  // Every file may state the format's version.
  if (same_layer && path != "version") {
    auto& finding = findings.error(1012, above.key, "'" + path + "' is set by two files of the same layer");
    finding.notes.push_back("also set at " + below.key.text());
    finding.notes.push_back("files of conf.d override the main file; `config show --origin` shows the layers");
  }
  std::vector<Origin> shadowed = std::move(below.shadowed);
  shadowed.insert(shadowed.begin(), below.value);
  below = std::move(above);
  below.shadowed = std::move(shadowed);
}

}  // namespace

void merge(Node& below, Node&& above, bool same_layer, Findings& findings) {
  merge_at(below, std::move(above), "", same_layer, findings);
}

Node overlaid(const Node& below, const Node& above) {
  if (below.kind != Node::Kind::table || above.kind != Node::Kind::table) return above;
  Node out = below;
  for (const auto& [name, member] : above.members) {
    const auto [at, added] = out.members.try_emplace(name, member);
    if (!added) at->second = overlaid(at->second, member);
  }
  return out;
}

void check_unique_names(const Node& root, Findings& findings) {
  if (root.is_list_of_tables()) {
    std::map<std::string, Origin> seen;
    for (const auto& item : root.items) {
      const Node* name = item.find("name");
      if (name == nullptr || name->kind != Node::Kind::text) continue;
      const auto [at, added] = seen.try_emplace(name->text, name->value);
      if (!added)
        findings.error(1012, name->value, "two elements of this list are named '" + name->text + "'")
            .notes.push_back("the other one stands at " + at->second.text());
    }
  }
  for (const auto& [name, member] : root.members) check_unique_names(member, findings);
  for (const auto& item : root.items) check_unique_names(item, findings);
}

}  // namespace csiem::config
