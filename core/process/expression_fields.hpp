// Which fields an expression can name: the canonical event of events.md A.1.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <csiem/plugin.h>

#include <string>
#include <string_view>

namespace csiem::process {

enum class FieldType {
  text,
  guard,     // compared by class
  hash,      // compared on the hex digits only
  severity,  // compared by rank
  time,      // compared as a point in time
  boolean,
  port,
  label,     // by name; text
  metadata,  // by path; any JSON type
  object     // only exists() makes sense
};

struct Field {
  std::string_view path;
  FieldType type;
  csiem_str csiem_event::*text;  // null for boolean, port, label, metadata and object
};

// Null when the model has no such field. Not for names under labels and metadata.
const Field* find_field(std::string_view path);
// The nearest known path, or empty.
std::string nearest_field(std::string_view path);
// Nearest of the severity words, or empty.
std::string nearest_severity(std::string_view word);
// Whether any member of the object is there: "agent", "threat.indicator", "labels" ...
bool object_present(std::string_view path, const csiem_event& event);

}  // namespace csiem::process
