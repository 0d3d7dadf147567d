// Which plugins there are: search path, admission, the note that tells a plugin's name without running it.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"

namespace csiem::plugin {

// One component that a file's ELF notes announce.
struct Announced {
  std::string kind;  // "exporter", "format", ...
  std::string name, version, abi;
};

struct PluginFile {
  std::string path;
  std::string origin;  // package, local, configured, build
  std::vector<Announced> components;
  std::string refused;      // why it will not be loaded; empty when it may
  int refused_code = 0;     // of messages.def
  std::string shadowed_by;  // path of the file that won for all of its names; empty when this one counts
};

struct SearchPath {
  struct Directory {
    std::string path;
    std::string origin;
  };
  std::vector<Directory> directories;            // in order of search
  std::vector<std::string> allow = {"*"}, deny;  // globs on component names
  bool require_digest = false;
  std::vector<std::pair<std::string, std::string>> digests;  // component name -> "sha256:<hex>"
};

// configured directories, then CLAWDSTRIKE_SIEM_PLUGIN_PATH (ignored when privileged), the plugins of the build tree or
// of the prefix that this executable was started from, the local and the package directory.
SearchPath default_search_path(const std::vector<std::string>& configured);

// Reads every *.so of the path. Executes nothing of them. Files that are no plugins at all are listed as refused.
std::vector<PluginFile> discover(const SearchPath& path);

// The notes of one ELF image. Bounded: safe on hostile bytes.
Result<std::vector<Announced>> read_notes(std::string_view elf_image);

}  // namespace csiem::plugin
