// What a plugin has against its settings, at the places where they were written.
#include <algorithm>
#include <charconv>

#include "config/exporter_reader.hpp"

namespace csiem::config {
namespace {

// The member of `at` that `path` begins with, and the rest of the path. Names may hold dots: the longest one wins.
const Node* step(const Node& at, std::string_view& path) {
  if (at.kind == Node::Kind::list) {
    std::size_t end = 0;
    std::size_t index = 0;
    for (; end < path.size() && end < 6 && path[end] >= '0' && path[end] <= '9'; ++end)
      index = index * 10 + static_cast<std::size_t>(path[end] - '0');
    if (end == 0 || index >= at.items.size()) return nullptr;
    path.remove_prefix(end);
    return &at.items[index];
  }
  const Node* found = nullptr;
  std::size_t longest = 0;
  for (const auto& [name, member] : at.members) {
    if (name.size() < longest || !path.starts_with(name)) continue;
    if (path.size() > name.size() && path[name.size()] != '.' && path[name.size()] != '[') continue;
    found = &member;
    longest = name.size();
  }
  path.remove_prefix(longest);
  return found;
}

// Where "nodes[1]", "nodes.1" or "headers.X-Key" leads: to the setting itself or, when that was not written, to what
// would hold it. Null when none of it was written.
const Node* resolve(const Node& settings, std::string_view path) {
  const Node* at = nullptr;
  for (const Node* next = step(settings, path); next != nullptr; next = step(*at, path)) {
    at = next;
    while (!path.empty() && (path[0] == '.' || path[0] == '[' || path[0] == ']')) path.remove_prefix(1);
    if (path.empty()) break;
  }
  return at;
}

bool has_error(const Node& node, const Findings& findings) {
  if (findings.has_error_at(node.value) || findings.has_error_at(node.key)) return true;
  return std::any_of(node.items.begin(), node.items.end(),
                     [&](const Node& item) { return has_error(item, findings); }) ||
         std::any_of(node.members.begin(), node.members.end(),
                     [&](const auto& member) { return has_error(member.second, findings); });
}

// A setting that is in error was kept from the plugin, which then misses it: that is no second problem.
bool follows_from_another(std::string_view text, const Node& settings, const Findings& findings) {
  return std::any_of(settings.members.begin(), settings.members.end(), [&](const auto& member) {
    return text.find(member.first) != std::string_view::npos && has_error(member.second, findings);
  });
}

// Where a complaint begins inside of a setting's text: "template@7+12".
struct Span {
  std::size_t offset = 0, length = 0;  // in bytes; no length: the whole setting
};
Span take_span(std::string& key) {
  Span span;
  const auto at = key.rfind('@');
  if (at == std::string::npos) return span;
  const char* const end = key.data() + key.size();
  const auto offset = std::from_chars(key.data() + at + 1, end, span.offset);
  if (offset.ec != std::errc() || offset.ptr == end || *offset.ptr != '+') return {};
  const auto length = std::from_chars(offset.ptr + 1, end, span.length);
  if (length.ec != std::errc() || length.ptr != end) return {};
  key.resize(at);
  return span;
}

// What stands for a short text may stand for anything: six characters, as in the log.
void hide(const std::vector<std::string>& masked, std::string& text) {
  for (const auto& one : masked)
    for (auto at = one.size() < 6 ? std::string::npos : text.find(one); at != std::string::npos;
         at = text.find(one, at + 3))
      text.replace(at, one.size(), "…");
}

}  // namespace

void ExporterReader::ask_plugin(const Exporter& exporter, const Node& settings, const Destination& destination) {
  const bool incomplete = findings_.has_error_at(node_.value);
  auto lines = context_.catalog->refusals(exporter.type, id_, destination.settings_json);
  std::erase_if(lines, [&](const std::string& line) { return follows_from_another(line, settings, findings_); });
  for (const std::string& line : lines) {
    const auto colon = line.find(": ");
    std::string key = line.substr(0, colon == std::string::npos ? 0 : colon);
    const Span span = take_span(key);
    const bool is_key = !key.empty() && schema_->knows(key.substr(0, key.find_first_of(".[")));
    const Node* place = is_key ? resolve(settings, key) : nullptr;
    if (place == nullptr && is_key && incomplete) continue;  // reported as missing already
    std::string text = is_key ? line.substr(colon + 2) : line;
    hide(destination.masked, text);
    std::string hint;
    if (const auto semicolon = text.rfind("; "); semicolon != std::string::npos) {
      hint = text.substr(semicolon + 2);
      text.resize(semicolon);
    }
    std::string message = is_key ? "'" + key + "' " + where_ + ": " + text
                                 : "plugin '" + exporter.type + "' refuses its settings " + where_ + ": " + text;
    Origin origin = place == nullptr ? node_.value : place->value;
    if (place != nullptr && span.length > 0 && place->kind == Node::Kind::text)
      origin = place_in_string(context_, *place, std::min(span.offset, place->text.size()),
                               std::min(span.length, place->text.size() - std::min(span.offset, place->text.size())));
    findings_.error(3009, origin, std::move(message)).hint = std::move(hint);
  }
}

}  // namespace csiem::config
