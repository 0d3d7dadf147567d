// Loading TOML texts against a catalogue of plugins that stands still.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "config/config.hpp"

namespace csiem::config::test {

// Removed with everything in it at the end.
class Directory {
 public:
  Directory();
  ~Directory();
  Directory(const Directory&) = delete;
  Directory& operator=(const Directory&) = delete;
  const std::string& path() const { return path_; }
  // Writes path()/name, mode 0640, and gives its full path.
  std::string write(const std::string& name, std::string_view text, unsigned mode = 0640) const;

 private:
  std::string path_;
};

// Plugins splunk, elastic, webhook and file with schemas like the real ones, and `probe`, whose schema uses every
// word that the loader understands.
class Catalog final : public SettingsCatalog {
 public:
  // `refusals`: what every plugin has against every settings.
  explicit Catalog(std::vector<std::string> refusals = {}) : refusals_(std::move(refusals)) {}
  std::optional<Answer> exporter(std::string_view type, std::string* problem, int* code) override;
  std::vector<std::string> exporter_names() override;
  std::vector<std::string> refusals(std::string_view type, const std::string& exporter,
                                    const std::string& settings_json) override;
  static std::map<std::string, Answer> plugins();

 private:
  std::vector<std::string> refusals_;
};

struct Options {
  std::vector<std::string> set;
  std::vector<std::pair<std::string, std::string>> environment;
  bool environment_layer = false;
  bool check_plugins = true;
  bool allow_empty = true;
  bool check_files = false;
  std::vector<std::string> refusals;
  std::size_t max_errors = 50;
};
LoadRequest request_for(const std::string& path, const Options& options = {});
// Loads `text` as the main file "main.toml" of a directory of its own; the directory is cut off all file names.
Loaded load_text(std::string_view text, const Options& options = {});
Loaded load_file(const std::string& path, const Options& options = {});
// "CS1021 main.toml:3:1 unknown key …" per finding, one per line.
std::string list(const Loaded& loaded);
const Diagnostic* find(const Loaded& loaded, int code);
const Exporter& exporter(const Loaded& loaded, std::string_view id);

}  // namespace csiem::config::test
