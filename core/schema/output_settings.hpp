// What an operator says of an exporter's output, besides the name of its format: [schema], and [exporters.ID.schema].
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <map>
#include <string>
#include <vector>

namespace csiem::schema {

// What happens to output that breaks its schema.
enum class Validation { off, warn, enforce };

// A value of the event that is written to another place than the format's own.
struct FieldMapping {
  std::string source;  // path in the canonical event, "session.user_id"
  std::string target;  // in the output, "user.name"; for CEF a key or "cs5:Label text"
};

// Which fields of the output are sent. A name stands for the field and for all below it, "event.original" or "user";
// for CEF it is a key. What the schema requires stays in any case.
struct FieldLists {
  std::vector<std::string> include = {};  // only these; empty: all
  std::vector<std::string> exclude = {};  // not these, even if included
  bool empty() const { return include.empty() && exclude.empty(); }
};

struct OutputSettings {
  Validation validate = Validation::warn;
  bool include_raw = false;
  std::map<std::string, std::string> versions = {};  // by format, of the schema to write; without one: its default
  std::string ecs_namespace = "clawdstrike";
  std::string ocsf_mode = "finding";  // finding | activity
  bool cef_custom_keys = false;
  std::map<std::string, std::vector<FieldMapping>> mappings = {};  // by format
  std::map<std::string, FieldLists> fields = {};                   // by format

  std::string version(const std::string& format) const {
    const auto at = versions.find(format);
    return at == versions.end() ? std::string() : at->second;
  }
};

}  // namespace csiem::schema
