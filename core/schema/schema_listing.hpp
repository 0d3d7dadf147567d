// The schemas as lists, for people.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace csiem::schema {

struct SchemaName {
  std::string format;
  std::vector<std::string> versions;  // the one that is written by default first
  std::string about;
};
std::vector<SchemaName> schemas();

// The full version that "8.17" or "" means for the format; empty when it has no such version.
std::string full_version(std::string_view format, std::string_view version);

// Rows with a head: fields of ECS, classes of OCSF, keys of CEF, members of the canonical event.
std::vector<std::vector<std::string>> schema_rows(std::string_view format, std::string_view version);

}  // namespace csiem::schema
