// What `config show --origin` prints: every key with its value, its place, and the places that it overrides.
#include <set>

#include "config/context.hpp"
#include "config/reference.hpp"
#include "config/spec.hpp"

namespace csiem::config {
namespace {

using Rows = std::vector<Loaded::Effective>;

std::string last_name(const std::string& key) { return key.substr(key.rfind('.') + 1); }

class View {
 public:
  View(const Context& context, Rows& rows) : context_(context), rows_(rows) {}

  void add(const std::string& key, const Node& node) {
    if (node.kind == Node::Kind::table && !node.members.empty()) {
      for (const auto& [name, member] : node.members)
        add(key.empty() ? toml_key(name) : key + "." + toml_key(name), member);
    } else if (node.is_list_of_tables()) {
      for (std::size_t i = 0; i < node.items.size(); ++i) add(key + "[" + std::to_string(i) + "]", node.items[i]);
    } else {
      rows_.push_back({key, value(key, node), node.value, node.shadowed, false});
    }
  }

 private:
  std::string value(const std::string& key, const Node& node) const {
    if (node.kind == Node::Kind::text && is_reference(node.text)) return toml_text(node);
    const bool suspect = sounds_secret(last_name(key)) && (node.kind == Node::Kind::text || node.loose);
    if (context_.findings.is_secret(node.value) || suspect) return "\"…\"";
    if (node.kind != Node::Kind::list) return toml_text(node);
    std::string out = "[";
    for (const auto& item : node.items) out += (out.size() > 1 ? ", " : "") + value(key, item);
    return out + "]";
  }

  const Context& context_;
  Rows& rows_;
};

bool listed(const Key& key) {
  return key.use == Key::Use::now && key.kind != Key::Kind::any && !key.fallback.empty() &&
         key.path.find("[]") == std::string_view::npos;
}

void add_missing(const Node* table, std::span<const Key> keys, const std::string& prefix, const Node* defaults,
                 Rows& rows) {
  for (const auto& key : keys) {
    if (!listed(key) || (table != nullptr && table->at(key.path) != nullptr)) continue;
    const Node* common = defaults == nullptr ? nullptr : defaults->at(key.path);
    if (common != nullptr)
      rows.push_back({prefix + std::string(key.path), toml_text(*common), common->value, {}, false});
    else
      rows.push_back({prefix + std::string(key.path), std::string(key.fallback), {"default", 0, 0, 0}, {}, true});
  }
}

}  // namespace

std::vector<Loaded::Effective> effective_view(const Context& context, const Configuration& configuration) {
  Rows rows;
  View(context, rows).add("", context.root);
  add_missing(&context.root, root_keys(), "", nullptr, rows);
  const Node* defaults = context.root.find("exporter_defaults");
  for (const auto& source : configuration.sources)
    add_missing(context.root.find("sources")->find(source.id), source_keys(), "sources." + source.id + ".", nullptr,
                rows);
  for (const auto& exporter : configuration.exporters) {
    const Node* table = context.root.find("exporters")->find(exporter.id);
    add_missing(table, exporter_keys(), "exporters." + exporter.id + ".", defaults, rows);
  }
  rows.insert(rows.end(), context.plugin_defaults.begin(), context.plugin_defaults.end());
  std::stable_sort(rows.begin(), rows.end(), [](const auto& a, const auto& b) { return a.key < b.key; });
  return rows;
}

}  // namespace csiem::config
