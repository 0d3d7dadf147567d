// Content packs on the disk: where they are, what their manifests say.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"

namespace csiem::cli {

struct PackFile {
  std::string path;  // inside the pack, never leaves it
  std::string kind;  // objects, settings, dashboard, lookup, documentation, image
  uint64_t bytes = 0;
  std::string sha256;               // as shipped
  std::vector<std::string> fields;  // of events, that the file's searches use; dotted, in the pack's format
};

// A place in the files that is filled in by `pack export --var NAME=VALUE`, written ${NAME}.
struct PackVariable {
  std::string name, what;
};

// <directory>/pack.json.
struct Pack {
  std::string directory;
  std::string name, version, title;
  std::string exporter, format;  // that its events come through
  std::string next;              // what to do after an export, one sentence
  std::vector<PackVariable> variables;
  std::vector<PackFile> files;
};

// Where packs are looked for, in order: `from` alone if it is given, else $CLAWDSTRIKE_SIEM_PACKS, the data directory
// of this program's prefix, of the build, /usr/local and /usr.
std::vector<std::string> pack_directories(const std::string& from);

struct PackSet {
  std::string directory;  // the first of the places that has packs
  std::vector<Pack> packs;
};
// Every pack there, by name. A manifest that cannot be used is an error that names its file.
Result<PackSet> find_packs(const std::string& from);

// One pack's manifest.
Result<Pack> read_pack(const std::string& directory);
// The manifest as text, for a pack whose files were changed.
std::string manifest_text(const Pack& pack);

// Names in the form ${NAME} in `text`, each once.
std::vector<std::string> variables_in(std::string_view text);
// Whether variables are filled in in files of this name.
bool takes_variables(std::string_view path);

}  // namespace csiem::cli
