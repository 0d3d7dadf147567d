// One pass over a plugin's settings along its schema. Private to this room; knows Boost.JSON.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <boost/json.hpp>
#include <optional>
#include <string>
#include <string_view>

#include "config/plugin_settings.hpp"

namespace csiem::config {

namespace json = boost::json;

// A member of `schema` that is an object / a string, or null / "".
const json::object* object_at(const json::object& schema, std::string_view name);
std::string_view text_at(const json::object& schema, std::string_view name);
bool flag_at(const json::object& schema, std::string_view name);
bool origin_at(const json::object& schema);  // x-csiem-origin is there and not false
// The alternatives of oneOf or anyOf that describe values, or null.
const json::array* alternatives(const json::object& schema);
// Those that hold nothing but `required`.
const json::array* required_choices(const json::object& schema);
bool takes_type(const json::object& schema, std::string_view type);
std::string types_text(const json::object& schema);

Node node_from_json(const json::value& value, const Origin& origin);
json::value json_from_node(const Node& node);

class SchemaWalker {
 public:
  SchemaWalker(const PluginSchema::Request& request, Findings& findings, PluginSchema::Answer& answer)
      : request_(request), findings_(findings), answer_(answer) {}

  // Inherited by everything below the annotation.
  struct Marks {
    bool secret = false, origin = false, cloud_id = false;
    bool host_template = false, allowed_hosts = false;
    bool masked = false, masked_url = false;
    const json::array* hosts = nullptr;  // of the vendor's site that the setting names
  };
  std::optional<json::value> value(const json::object& schema, const Node& node, const std::string& path, Marks marks);
  std::optional<json::value> object(const json::object& schema, const Node& node, const std::string& path, Marks marks);

 private:
  std::optional<json::value> alternative(const json::array& choices, const json::object& schema, const Node& node,
                                         const std::string& path, Marks marks);
  std::optional<json::value> secret(const Node& node, const std::string& path);
  std::optional<json::value> text(const json::object& schema, const Node& node, const std::string& path, Marks marks);
  std::optional<json::value> unit(const json::object& schema, const Node& node, const std::string& path);
  std::optional<json::value> number(const json::object& schema, const Node& node, const std::string& path);
  std::optional<json::value> list(const json::object& schema, const Node& node, const std::string& path, Marks marks);
  void missing(const json::object& schema, const std::string& name, const Node& table, const std::string& path,
               Marks marks, json::object& out);
  bool required(const json::object& schema, std::string_view name) const;
  void unknown(const Node& node, const std::string& name, const std::string& path, const json::object* properties);
  void origin(const Node& node, const std::string& path, Marks marks);
  void site(const Node& node, const std::string& path, const json::array& hosts);
  void allow(std::string origin);
  void allowed_host(const Node& node, const std::string& path);
  void allow_private(const Node& node, const std::string& path);
  void check_choices(const json::object& schema, const Node& node, const std::string& path);
  void check_rules(const json::object& schema, const Node& node, const std::string& path);
  bool matches(const json::object& schema, const Node& node, const std::string& path);
  void confined(const Node& node, const std::string& path);
  bool in_enum(const json::object& schema, const Node& node, const json::value& value, const std::string& path);
  bool in_bounds(const json::object& schema, const Node& node, double value, const std::string& path);
  std::nullopt_t wrong_type(const json::object& schema, const Node& node, const std::string& path);
  std::string name(const std::string& path) const { return "'" + path + "' " + request_.where; }

  const PluginSchema::Request& request_;
  Findings& findings_;
  PluginSchema::Answer& answer_;
};

}  // namespace csiem::config
