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
    const bool user_info = node.kind == Node::Kind::text && has_user_info(node.text);
    if (context_.findings.is_secret(node.value) || suspect || user_info) return "\"…\"";
    if (node.kind == Node::Kind::text && context_.findings.is_secret_url(node.value)) {
      const auto end = end_of_authority(node.text);
      return end == node.text.size() ? toml_text(node)
                                     : toml_quoted(node.text.substr(0, end) + (end == 0 ? "…" : "/…"));
    }
    if (node.kind != Node::Kind::list) return toml_text(node);
    std::string out = "[";
    for (const auto& item : node.items) out += (out.size() > 1 ? ", " : "") + value(key, item);
    return out + "]";
  }

  const Context& context_;
  Rows& rows_;
};

bool shown(const Key& key) {
  return key.use == Key::Use::now && key.kind != Key::Kind::any && !key.fallback.empty() &&
         key.path.find("[]") == std::string_view::npos;
}

// The keys that `table` does not set: from the tables of defaults, nearest first, or from the key table.
void add_missing(const Node* table, std::span<const Key> keys, const std::string& prefix,
                 const std::vector<const Node*>& defaults, const std::string& plugin, Rows& rows) {
  for (const auto& key : keys) {
    if (!shown(key) || (table != nullptr && table->at(key.path) != nullptr)) continue;
    Loaded::Effective row{prefix + std::string(key.path), std::string(key.fallback), {"default", 0, 0, 0}, {}, true};
    for (const Node* common : defaults) {
      const Node* found = common == nullptr ? nullptr : common->at(key.path);
      if (found == nullptr) continue;
      row.value = toml_text(*found);
      row.is_default = common != defaults.front();
      row.origin = row.is_default ? Origin{plugin, 0, 0, 0} : found->value;
      break;
    }
    rows.push_back(std::move(row));
  }
}

}  // namespace

std::vector<Loaded::Effective> effective_view(const Context& context, const Configuration& configuration) {
  Rows rows;
  View(context, rows).add("", context.root);
  add_missing(&context.root, root_keys(), "", {}, "", rows);
  const Node* defaults = context.root.find("exporter_defaults");
  for (const auto& source : configuration.sources)
    add_missing(context.root.find("sources")->find(source.id), source_keys(), "sources." + source.id + ".", {}, "",
                rows);
  for (const auto& exporter : configuration.exporters) {
    const Node* table = context.root.find("exporters")->find(exporter.id);
    const auto plugin = context.daemon_defaults.find(exporter.id);
    const Node* own = plugin == context.daemon_defaults.end() ? nullptr : &plugin->second;
    add_missing(table, exporter_keys(), "exporters." + exporter.id + ".", {defaults, own},
                "plugin '" + exporter.type + "'", rows);
  }
  rows.insert(rows.end(), context.plugin_defaults.begin(), context.plugin_defaults.end());
  std::stable_sort(rows.begin(), rows.end(), [](const auto& a, const auto& b) { return a.key < b.key; });
  return rows;
}

}  // namespace csiem::config
