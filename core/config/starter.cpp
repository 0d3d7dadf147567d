#include "config/starter.hpp"

#include <algorithm>
#include <set>

#include "config/node.hpp"
#include "config/plugin_settings.hpp"

namespace csiem::config {
namespace {

constexpr std::size_t kWidth = 110, kCommentColumn = 44;

// Words as comment lines.
std::string comment(std::string_view words) {
  std::string out, line = "#";
  while (!words.empty()) {
    const auto space = words.find(' ');
    const auto word = words.substr(0, space);
    if (line.size() + 1 + word.size() > kWidth) {
      out += line + "\n";
      line = "#";
    }
    line += ' ';
    line += word;
    words = space == std::string_view::npos ? std::string_view() : words.substr(space + 1);
  }
  return line == "#" ? out : out + line + "\n";
}

std::string upper_name(std::string_view type, std::string_view path) {
  std::string out = std::string(type) + "_" + std::string(path);
  for (char& c : out) c = c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c == '.' ? '_' : c;
  return out;
}

void find_credentials(const Node& node, std::vector<std::string>& out) {
  constexpr std::string_view kMark = "cred:";
  if (node.kind == Node::Kind::text && node.text.starts_with(kMark)) out.push_back(node.text.substr(kMark.size()));
  for (const auto& [name, member] : node.members) find_credentials(member, out);
  for (const auto& item : node.items) find_credentials(item, out);
}

Node required_settings(std::string_view type, const std::vector<PluginSchema::Row>& rows) {
  Node out;
  for (const auto& row : rows) {
    if (!row.required || row.path.find('.') != std::string::npos) continue;
    Node& value = out.members[row.path];
    value.kind = Node::Kind::text;
    if (row.secret) value.text = "cred:" + upper_name(type, row.path);
  }
  return out;
}

std::string commented_out(const std::string& setting, const std::string& about) {
  std::string text = "# " + setting;
  if (about.empty()) return text + "\n";
  text.resize(std::max(text.size() + 1, kCommentColumn), ' ');
  return text + "# " + about + "\n";
}

// What an exporter gets that does not name its format.
std::string usual_format(const PluginSchema* schema, const SettingsCatalog::Answer& answer) {
  if (const Node* own = schema == nullptr ? nullptr : schema->daemon_defaults().find("format")) return own->text;
  const std::string general = Schema().default_format;
  const auto& takes = answer.formats;
  const bool fits =
      std::any_of(takes.begin(), takes.end(), [&](const auto& one) { return one == general || one == "*"; });
  return fits || answer.default_format.empty() ? general : answer.default_format;
}

std::string joined(const std::vector<std::string>& words) {
  std::string out;
  for (const auto& word : words) out += (out.empty() ? "" : ", ") + word;
  return out;
}

}  // namespace

Starter exporter_starter(std::string_view type, const SettingsCatalog::Answer& answer) {
  Starter out;
  std::string problem;
  const auto schema = PluginSchema::parse(answer.schema_json, &problem);
  const std::string name(type);
  const auto rows = schema ? schema->rows() : std::vector<PluginSchema::Row>();
  const std::string title = schema ? schema->title() : std::string();
  out.text +=
      comment((title.empty() ? name : title) + ". Every setting: clawdstrike-siem plugins info " + name + " --keys");
  out.text += "[exporters." + toml_key(type) + "]\n";
  const Node example = schema && !schema->example().members.empty() ? schema->example() : required_settings(type, rows);
  find_credentials(example, out.credentials);
  // In the schema's order, which is the order of importance.
  std::set<std::string> written;
  for (const auto& key : schema ? schema->names() : std::vector<std::string>()) {
    const Node* const value = example.find(key);
    if (value == nullptr) continue;
    const auto row = std::find_if(rows.begin(), rows.end(), [&](const auto& one) { return one.path == key; });
    if (row != rows.end()) out.text += comment(row->about);
    out.text += toml_key(key) + " = " + toml_text(*value) + "\n";
    written.insert(key);
  }
  out.text += "\n# What may be added, with what holds without it:\n";
  if (!answer.formats.empty() && answer.formats.front() != "none")
    out.text += commented_out("format = " + toml_quoted(usual_format(schema ? &*schema : nullptr, answer)),
                              "what events look like: " + joined(answer.formats));
  for (const auto& row : rows) {
    if (written.contains(row.path.substr(0, row.path.find('.')))) continue;
    const std::string value = !row.fallback.empty() ? row.fallback : row.secret ? "\"cred:NAME\"" : "…";
    out.text += commented_out(row.path + " = " + value, row.about);
  }
  out.text += commented_out("filter = { min_severity = \"info\" }", "which events are sent at all");
  out.text += commented_out("required = false", "true: the daemon is not ready while this exporter is not");
  return out;
}

}  // namespace csiem::config
