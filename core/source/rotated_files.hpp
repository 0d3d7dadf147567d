// The names under which log rotation keeps older files.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "source/file_identity.hpp"

namespace csiem::source {

struct RotatedFile {
  std::string path;
  FileId id;
  FileStamp stamp;
  std::string suffix;  // what follows the base name, separator included: ".1", "-20260302", ".20260302120000"
};

// The regular files beside `path` whose names are its name, or its stem before the extension, followed by '.', '-' or
// '_' and a number, date or time: path.1, path-20260302, path.20260302120000, audit-20260302.jsonl. Oldest first.
// Compressed files have other names and are not listed.
std::vector<RotatedFile> list_rotated(const std::string& path);

// By age: both numbered, the larger number is older; both dated alike, the text decides; otherwise the time of the last
// write does.
bool older(const RotatedFile& a, const RotatedFile& b);

}  // namespace csiem::source
