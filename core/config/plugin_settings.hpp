// The settings of a plugin, checked against the JSON Schema that the plugin carries. Private to this room.
//
// Understood: type, required, properties, additionalProperties, items, minItems, maxItems, uniqueItems, enum, const,
// minimum, maximum, minLength, maxLength, pattern, default, oneOf/anyOf (the first alternative that fits), description,
// dependentRequired, allOf of {not: {required}} and of {if: {properties: {x: {const}}}, then: {required}}, format
// "duration" (in an integer: ms), "size" (in an integer: bytes), "template" and "uri", and the annotations
// - x-csiem-secret: a credential reference or a literal; the plugin sees a handle
// - x-csiem-mask: true: plain text for the plugin that people are not shown; "url": of which they see scheme and host
// - x-csiem-writes: true: the path of a file that the plugin writes, literal up to its first '{'; "-" is none
// - x-csiem-own-network: at the top, true: the plugin opens connections itself; it is told the exporter's tls, timeout
// - x-csiem-origin: true: a URL (or array of them) that the plugin may send to; "cloud_id": an Elastic cloud id;
//   ["https://api.{}"]: the name of a vendor's site, and the URLs that it stands for; "template": a URL whose host may
//   hold a placeholder; "hosts": names, or "*.name", of the hosts that an event may then choose
// - x-csiem-allow-private: true: a flag by which such a host may have a private address
// - x-csiem-client-certificate: in a "then": true: the exporter must have a client certificate
// - x-csiem-defaults: at the top: daemon keys whose default this plugin changes; in a property at the top: for each
//   value of it, daemon keys whose default that value changes
// Alternatives that hold nothing but `required` say which properties exclude each other (oneOf), or of which one is
// needed (anyOf). Of a secret alternative and one that is none, the secret one takes the references. Other words of
// JSON Schema are ignored.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "config/findings.hpp"
#include "config/node.hpp"

namespace csiem::config {

class PluginSchema {
 public:
  // Nothing when the text is no schema; `problem` says why. Empty text: a plugin without settings.
  static std::optional<PluginSchema> parse(std::string_view schema_json, std::string* problem);
  PluginSchema(PluginSchema&&) noexcept;
  PluginSchema& operator=(PluginSchema&&) noexcept;
  ~PluginSchema();

  std::string title() const;
  std::vector<std::string> names() const;     // of the settings at the top
  bool knows(std::string_view dotted) const;  // "tls.ca_fingerprint"
  std::vector<std::string> names_below(std::string_view name) const;
  bool opens_connections() const;       // x-csiem-own-network
  const Node& daemon_defaults() const;  // x-csiem-defaults at the top
  // With what `settings` (the plugin's own) change of them.
  Node daemon_defaults(const Node& settings) const;
  // One row per setting, for `config defaults TYPE` and `plugins info --keys`.
  struct Row {
    std::string path, type, fallback, about;  // fallback as TOML; empty: none
    bool required = false, secret = false;
  };
  std::vector<Row> rows() const;

  // The first of the schema's examples; an empty table without one.
  Node example() const;

  struct Request {
    const Node* settings = nullptr;        // the table to check: without the daemon's own keys
    const Node* set = nullptr;             // the part of it that a route set; may be null
    std::string set_prefix;                // "routes[0]."
    std::string exporter, type, where;     // id; plugin; "in exporter 'splunk'"
    Origin header;                         // where a missing key is reported
    std::string host_name, version;        // for the "csiem" object
    uint64_t batch_max_bytes = 0;          // as well
    std::vector<std::string> other_names;  // daemon keys, for suggestions
    bool allow_unconfined = false;
    Tls tls;                 // for plugins that open connections themselves
    int64_t timeout_ms = 0;  // of one request
  };
  struct Answer {
    std::string json;
    std::vector<SecretBinding> secrets;
    std::vector<std::string> origins, masked;
    std::vector<std::string> allowed_hosts;
    bool allow_private = false;
    std::vector<Destination::Written> writes;
    std::vector<std::pair<std::string, std::string>> defaults;  // dotted path and TOML text of what was not written
  };
  // Findings go to `findings`; the answer is meaningful when there was no error.
  Answer apply(const Request& request, Findings& findings) const;

 private:
  struct Impl;
  explicit PluginSchema(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace csiem::config
