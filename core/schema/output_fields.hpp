// include_fields and exclude_fields of [schema.FORMAT]: fields that an operator does not want to send at all.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <csiem/plugin.h>

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "schema/output_settings.hpp"

namespace csiem::schema {

// Why a name cannot stand in its list.
struct FieldProblem {
  bool excluded;                        // in exclude_fields, else in include_fields
  std::size_t index;                    // in that list
  std::string what;                     // "'event.kind' is required by ECS"
  std::string advice = {};              // what to write instead; empty: see `known`
  std::vector<std::string> known = {};  // names to suggest from
};

// Names must be fields of the format, and what is excluded must not be required. `format`: "ecs", "ocsf" or "cef";
// `settings` hold its lists.
std::vector<FieldProblem> check_fields(std::string_view format, const OutputSettings& settings);

// Takes fields out of encoded events, after every mapping. Compliant output stays compliant. One thread; keeps scratch
// memory.
class OutputFields {
 public:
  virtual ~OutputFields() = default;
  // Null when all fields of the format stay. The lists were checked.
  static std::unique_ptr<OutputFields> make(std::string_view format, const OutputSettings& settings);

  // Appends what is left of the event.
  virtual void apply(std::string_view encoded, csiem_writer& out) = 0;
};

}  // namespace csiem::schema
