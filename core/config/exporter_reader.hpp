// [exporters.ID] on its way to an Exporter: the daemon's own keys, the plugin's settings, the routes. Private to this
// room. SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "config/context.hpp"
#include "config/plugin_settings.hpp"
#include "config/reader.hpp"

namespace csiem::config {

std::vector<Key> all_exporter_keys();

// One [exporters.ID] on its way to an Exporter.
class ExporterReader {
 public:
  ExporterReader(Context& context, const Configuration& configuration, const std::string& id, const Node& node,
                 const Node* defaults)
      : context_(context),
        findings_(context.findings),
        configuration_(configuration),
        id_(id),
        where_("in exporter '" + id + "'"),
        node_(node),
        defaults_(defaults),
        keys_(all_exporter_keys()) {}

  Exporter read();

 private:
  void ask_catalog(const Exporter& exporter);
  void check_keys();
  void hide_urls(const Node& node);
  bool take_setting(const std::string& path, const Node& member);
  void read_generic(const Reader& read, Exporter& out);
  void read_key_passphrase(const Reader& read, Exporter& out);
  void read_start(const Reader& read, Exporter& out);
  void read_filter(const Reader& read, process::FilterSettings& out);
  void check_generic(const Reader& read, const Exporter& exporter);
  void check_format(const Reader& read);
  void read_routes(const Exporter& exporter, std::vector<Destination>& out);
  Destination destination(const Exporter& exporter, const Node& settings, const Node* set, const std::string& prefix);
  void check_set(const Node& set);
  void check_tls_files(const Reader& read);
  void check_written(const Destination& destination);
  // Asks the plugin itself, and reports each of its complaints at the key that it is about.
  void ask_plugin(const Exporter& exporter, const Node& settings, const Destination& destination);
  std::vector<std::string> generic_names() const { return names_in(keys_, ""); }

  Context& context_;
  Findings& findings_;
  const Configuration& configuration_;
  const std::string& id_;
  const std::string where_;
  const Node& node_;
  const Node* defaults_;
  const std::vector<Key> keys_;
  std::optional<SettingsCatalog::Answer> plugin_;
  std::optional<PluginSchema> schema_;
  Node settings_;  // the plugin's share of node_
  bool allow_unconfined_ = false;
};

// Exporters that write one file, and sources that read what an exporter writes.
void check_shared_paths(Context& context, const std::vector<Exporter>& exporters);

}  // namespace csiem::config
