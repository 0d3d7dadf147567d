#include "config/node.hpp"

#include <charconv>

namespace csiem::config {

const Node* Node::find(std::string_view name) const {
  if (kind != Kind::table) return nullptr;
  const auto it = members.find(name);
  return it == members.end() ? nullptr : &it->second;
}

const Node* Node::at(std::string_view path) const {
  const Node* here = this;
  while (here != nullptr && !path.empty()) {
    const auto dot = path.find('.');
    here = here->find(path.substr(0, dot));
    path = dot == std::string_view::npos ? std::string_view() : path.substr(dot + 1);
  }
  return here;
}

bool Node::is_list_of_tables() const {
  if (kind != Kind::list || items.empty()) return false;
  for (const auto& item : items)
    if (item.kind != Kind::table) return false;
  return true;
}

std::string_view kind_text(Node::Kind kind) {
  switch (kind) {
    case Node::Kind::text:
      return "a string";
    case Node::Kind::integer:
      return "an integer";
    case Node::Kind::real:
      return "a number with a fraction";
    case Node::Kind::flag:
      return "true or false";
    case Node::Kind::table:
      return "a table";
    case Node::Kind::list:
      return "an array";
    case Node::Kind::date:
      return "a date or time";
  }
  return "a value";
}

std::string toml_quoted(std::string_view text) {
  static constexpr char kHex[] = "0123456789ABCDEF";
  std::string out = "\"";
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (c == '"' || c == '\\') {
      out += '\\';
      out += c;
    } else if (c == '\n') {
      out += "\\n";
    } else if (c == '\t') {
      out += "\\t";
    } else if (byte < 0x20 || byte == 0x7f) {
      out += "\\u00";
      out += kHex[byte >> 4];
      out += kHex[byte & 15];
    } else {
      out += c;
    }
  }
  return out += '"';
}

std::string toml_key(std::string_view key) {
  bool bare = !key.empty();
  for (const char c : key)
    bare = bare && ((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == '-');
  return bare ? std::string(key) : toml_quoted(key);
}

namespace {

std::string real_text(double value) {
  char digits[40];
  const auto end = std::to_chars(digits, digits + sizeof digits, value).ptr;
  std::string out(digits, end);
  if (out.find_first_of(".einf") == std::string::npos) out += ".0";
  return out;
}

}  // namespace

std::string toml_text(const Node& node) {
  std::string out;
  bool first = true;
  switch (node.kind) {
    case Node::Kind::text:
      return toml_quoted(node.text);
    case Node::Kind::date:
      return node.text;
    case Node::Kind::integer:
      return std::to_string(node.integer);
    case Node::Kind::real:
      return real_text(node.real);
    case Node::Kind::flag:
      return node.flag ? "true" : "false";
    case Node::Kind::list:
      out = "[";
      for (const auto& item : node.items) {
        if (!first) out += ", ";
        first = false;
        out += toml_text(item);
      }
      return out += ']';
    case Node::Kind::table:
      out = "{";
      for (const auto& [name, member] : node.members) {
        out += first ? " " : ", ";
        first = false;
        out += toml_key(name) + " = " + toml_text(member);
      }
      return out += first ? "}" : " }";
  }
  return out;
}

}  // namespace csiem::config
