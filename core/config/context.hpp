// What the steps of one load share. Private to this room.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <map>
#include <string>

#include "config/config.hpp"
#include "config/findings.hpp"
#include "config/node.hpp"

namespace csiem::config {

class Reader;

struct Context {
  const LoadRequest& request;
  Findings findings;
  std::map<std::string, std::string> texts;        // of the files read
  Node root;                                       // all layers merged
  std::string main_file;                           // for findings about what is not there
  SettingsCatalog* catalog = nullptr;              // null: plugins are not checked
  std::vector<Loaded::Effective> plugin_defaults;  // settings of plugins that nobody wrote
  std::map<std::string, Node> daemon_defaults;     // of plugins, by exporter: their x-csiem-defaults
};

// [global], [logging], ... everything but sources and exporters.
void read_sections(Context& context, Configuration& out);
void read_privacy(Context& context, const Reader& read, Privacy& out);
void read_sources(Context& context, std::vector<Source>& out);
void read_exporters(Context& context, Configuration& out);

// The place of text[offset, offset + length) of a string in its file; of the whole string after an interpolation, when
// the text is not the one in the file.
Origin place_in_string(const Context& context, const Node& node, std::size_t offset, std::size_t length);

// global.attack_file: a row that is wrong is reported at its place in that file.
void read_attack(Context& context, const Reader& read, Global& out);

// [schema] as the first of `tables` says that has the key: an exporter, [exporter_defaults], the root.
schema::OutputSettings read_output(Context& context, std::vector<const Node*> tables);

// A `when`: null when empty or wrong; wrong ones are reported with their place inside the string.
std::shared_ptr<const process::Expression> read_expression(Context& context, const Node* node, const std::string& name,
                                                           const std::string& where);

// The effective view for `config show`.
std::vector<Loaded::Effective> effective_view(const Context& context, const Configuration& configuration);

// `text` with every secret value, known or suspected, replaced by kHidden marks, one per code point, so that columns
// stay what they are. render() shows a run of marks as one "…".
inline constexpr std::string_view kHidden = "\xee\x80\x80";  // U+E000
std::string without_secrets(const std::string& file, std::string_view text, const Findings& findings);
// A key whose value is likely a secret: for files that do not parse and settings of unknown plugins.
bool sounds_secret(std::string_view key);
// The end of scheme and authority: where a URL's path, query or fragment begins. 0 when `text` is no URL.
std::size_t end_of_authority(std::string_view text);
// A URL with a user name or password in it.
bool has_user_info(std::string_view url);

// 75 % of the memory limit of this process's cgroup, else 256 MiB.
uint64_t automatic_memory_limit();

}  // namespace csiem::config
