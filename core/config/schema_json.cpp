// Schema look-ups, and values between JSON and our own tree.
#include <algorithm>

#include "config/schema_walker.hpp"

namespace csiem::config {

const json::object* object_at(const json::object& schema, std::string_view name) {
  const json::value* found = schema.if_contains(name);
  return found == nullptr ? nullptr : found->if_object();
}

std::string_view text_at(const json::object& schema, std::string_view name) {
  const json::value* found = schema.if_contains(name);
  const json::string* text = found == nullptr ? nullptr : found->if_string();
  return text == nullptr ? std::string_view() : std::string_view(text->data(), text->size());
}

bool flag_at(const json::object& schema, std::string_view name) {
  const json::value* found = schema.if_contains(name);
  const bool* flag = found == nullptr ? nullptr : found->if_bool();
  return flag != nullptr && *flag;
}

bool origin_at(const json::object& schema) {
  const json::value* found = schema.if_contains("x-csiem-origin");
  return found != nullptr &&
         (found->is_array() || flag_at(schema, "x-csiem-origin") || !text_at(schema, "x-csiem-origin").empty());
}

namespace {

const json::array* choices(const json::object& schema, bool only_required) {
  for (const std::string_view word : {"oneOf", "anyOf"}) {
    const json::value* found = schema.if_contains(word);
    if (found == nullptr || !found->is_array() || found->get_array().empty()) continue;
    const auto& list = found->get_array();
    const bool bare = std::all_of(list.begin(), list.end(), [](const json::value& choice) {
      return choice.is_object() && choice.get_object().size() == 1 && choice.get_object().contains("required");
    });
    if (bare == only_required) return &list;
  }
  return nullptr;
}

}  // namespace

const json::array* alternatives(const json::object& schema) { return choices(schema, false); }
const json::array* required_choices(const json::object& schema) { return choices(schema, true); }

bool takes_type(const json::object& schema, std::string_view type) {
  const json::value* found = schema.if_contains("type");
  if (found == nullptr) return schema.if_contains("properties") == nullptr || type == "object";
  if (const json::string* one = found->if_string()) return *one == type;
  if (const json::array* many = found->if_array())
    for (const auto& one : *many)
      if (one.is_string() && one.get_string() == type) return true;
  return false;
}

std::string types_text(const json::object& schema) {
  std::string out;
  const auto add = [&](const std::string& text) {
    if (!text.empty() && out.find(text) == std::string::npos) out += (out.empty() ? "" : " or ") + text;
  };
  if (const json::array* choices = alternatives(schema)) {
    for (const auto& choice : *choices)
      if (choice.is_object()) add(types_text(choice.get_object()));
    return out;
  }
  const auto format = text_at(schema, "format");
  if (format == "duration" && (takes_type(schema, "string") || takes_type(schema, "integer")))
    return "a duration such as \"5s\"";
  if (format == "size" && (takes_type(schema, "string") || takes_type(schema, "integer")))
    return "a size such as \"1MiB\"";
  if (schema.if_contains("type") == nullptr) return out;
  constexpr std::pair<std::string_view, std::string_view> kNames[] = {
      {"string", "a string"},       {"integer", "an integer"}, {"number", "a number"},
      {"boolean", "true or false"}, {"array", "an array"},     {"object", "a table"}};
  for (const auto& [type, text] : kNames)
    if (takes_type(schema, type)) add(std::string(text));
  return out;
}

Node node_from_json(const json::value& value, const Origin& origin) {
  Node out;
  out.key = out.value = origin;
  switch (value.kind()) {
    case json::kind::object:
      for (const auto& [key, member] : value.get_object())
        out.members.emplace(std::string(key), node_from_json(member, origin));
      break;
    case json::kind::array:
      out.kind = Node::Kind::list;
      for (const auto& item : value.get_array()) out.items.push_back(node_from_json(item, origin));
      break;
    case json::kind::string:
      out.kind = Node::Kind::text;
      out.text = std::string(value.get_string());
      break;
    case json::kind::bool_:
      out.kind = Node::Kind::flag;
      out.flag = value.get_bool();
      break;
    case json::kind::double_:
      out.kind = Node::Kind::real;
      out.real = value.get_double();
      break;
    case json::kind::int64:
      out.kind = Node::Kind::integer;
      out.integer = value.get_int64();
      break;
    case json::kind::uint64:
      out.kind = Node::Kind::real;
      out.real = static_cast<double>(value.get_uint64());
      break;
    case json::kind::null:
      out.kind = Node::Kind::date;  // TOML has no null: nothing takes it
      break;
  }
  return out;
}

json::value json_from_node(const Node& node) {
  switch (node.kind) {
    case Node::Kind::text:
    case Node::Kind::date:
      return json::value(node.text);
    case Node::Kind::integer:
      return json::value(node.integer);
    case Node::Kind::real:
      return json::value(node.real);
    case Node::Kind::flag:
      return json::value(node.flag);
    case Node::Kind::list: {
      json::array out;
      for (const auto& item : node.items) out.push_back(json_from_node(item));
      return json::value(std::move(out));
    }
    case Node::Kind::table:
      break;
  }
  json::object out;
  for (const auto& [key, member] : node.members) out.emplace(key, json_from_node(member));
  return json::value(std::move(out));
}

}  // namespace csiem::config
