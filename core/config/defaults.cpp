// `config defaults`: every key that has an effect, as annotated TOML that loads.
#include <algorithm>

#include "config/config.hpp"
#include "config/node.hpp"
#include "config/plugin_settings.hpp"
#include "config/spec.hpp"

namespace csiem::config {
namespace {

constexpr std::size_t kCommentColumn = 44;

std::string line(std::string text, const Key& key) {
  text.resize(std::max(text.size() + 1, kCommentColumn), ' ');
  text += "# " + std::string(key.about);
  if (key.kind == Key::Kind::word || key.kind == Key::Kind::words) {
    std::string words(key.allowed);
    for (const auto& word : {std::pair{"|", " | "}})
      for (std::size_t at = words.find(word.first); at != std::string::npos; at = words.find(word.first, at + 3))
        words.replace(at, 1, word.second);
    if (words.size() <= 60) text += " (" + words + ")";
  } else if (key.kind == Key::Kind::severity) {
    text += " (info | low | medium | high | critical)";
  } else if (const auto dots = key.allowed.find(".."); dots != std::string_view::npos) {
    text += " (" + std::string(key.allowed.substr(0, dots)) + " to " + std::string(key.allowed.substr(dots + 2)) + ")";
  }
  return text + "\n";
}

bool listed(const Key& key) { return key.use == Key::Use::now && key.kind != Key::Kind::any; }

// The keys of one table and those of its sub-tables, each behind its header.
void add_keys(std::span<const Key> keys, const std::string& table, std::string_view comment, std::string& out) {
  std::string open = table;
  for (const auto& key : keys) {
    if (!listed(key) || key.path.find("[]") != std::string_view::npos) continue;
    const auto dot = key.path.rfind('.');
    const std::string inner = dot == std::string_view::npos ? "" : std::string(key.path.substr(0, dot));
    const std::string wanted = table.empty() ? inner : inner.empty() ? table : table + "." + inner;
    if (wanted != open) {
      out += "\n" + std::string(comment) + "[" + wanted + "]\n";
      open = wanted;
    }
    const auto name = key.path.substr(dot == std::string_view::npos ? 0 : dot + 1);
    const std::string value = key.fallback.empty() ? "\"…\"" : std::string(key.fallback);
    out += line(std::string(comment) + std::string(name) + " = " + value, key);
  }
}

}  // namespace

std::string defaults_text() {
  std::string out = "# Every key that has an effect, with its default.\n\n";
  add_keys(root_keys(), "", "", out);
  out += "\n# What holds for every exporter that does not say otherwise.\n[exporter_defaults]\n";
  // Keys of the table itself have to come before its sub-tables.
  std::vector<Key> ordered(exporter_keys().begin(), exporter_keys().end());
  std::stable_sort(ordered.begin(), ordered.end(), [](const Key& a, const Key& b) {
    return (a.path.find('.') == std::string_view::npos) > (b.path.find('.') == std::string_view::npos);
  });
  add_keys(ordered, "exporter_defaults", "", out);
  out += "\n# One table per input.\n# [sources.ID]\n";
  add_keys(source_keys(), "sources.ID", "# ", out);
  out += "\n# One table per destination; it takes the keys of [exporter_defaults] too.\n# [exporters.ID]\n";
  add_keys(exporter_only_keys(), "exporters.ID", "# ", out);
  out += "# [[exporters.ID.routes]]\n";
  for (const auto& key : exporter_only_keys()) {
    if (!key.path.starts_with("routes[].")) continue;
    const std::string name(key.path.substr(9));
    out += line("# " + name + " = " + (name == "set" ? "{ }" : "\"…\""), key);
  }
  return out;
}

std::string defaults_text(std::string_view type, const SettingsCatalog::Answer& answer) {
  std::string problem;
  const auto schema = PluginSchema::parse(answer.schema_json, &problem);
  std::string out = "# Settings of exporter type '" + std::string(type) + "', beside the keys of every exporter.\n";
  if (!schema) return out + "# " + problem + "\n";
  if (!answer.formats.empty()) {
    out += "# Formats:";
    for (const auto& format : answer.formats) out += " " + format;
    out += answer.default_format.empty() ? "\n" : " (default " + answer.default_format + ")\n";
  }
  out += "[exporters." + std::string(type) + "]\n";
  for (const auto& [name, value] : schema->daemon_defaults().members)
    out += toml_key(name) + " = " + toml_text(value) + "  # this plugin's default\n";
  std::string table;
  for (const bool nested : {false, true}) {
    for (const auto& row : schema->rows()) {
      const auto dot = row.path.rfind('.');
      if ((dot != std::string::npos) != nested) continue;
      if (nested && row.path.substr(0, dot) != table) {
        table = row.path.substr(0, dot);
        out += "\n[exporters." + std::string(type) + "." + table + "]\n";
      }
      const std::string name = toml_key(nested ? row.path.substr(dot + 1) : row.path);
      std::string text =
          row.fallback.empty() ? "# " + name + " = " + (row.secret ? "\"cred:…\"" : "…") : name + " = " + row.fallback;
      text.resize(std::max(text.size() + 1, kCommentColumn), ' ');
      out += text + "# " + (row.required ? "required; " : "") + (row.type.empty() ? "" : row.type + ". ") + row.about +
             "\n";
    }
  }
  return out;
}

}  // namespace csiem::config
