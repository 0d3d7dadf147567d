// The ECS 8.17 document of an event: schemas.md 4.3 to 4.5, section by section.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <csiem/json.hpp>

#include <string>

#include "ecs/labels.hpp"
#include "ecs/metadata.hpp"

namespace csiem::ecs {

struct Settings {
  std::string host_name;                   // of the machine where the agents run; empty: not known
  std::string name_space = "clawdstrike";  // top-level object of what ECS has no field for
  bool include_raw = false;                // event.original
};

// Empty when the name can be the custom namespace, else why not.
std::string namespace_problem(std::string_view name);

// Writes documents. One thread; keeps scratch memory.
class Writer {
 public:
  explicit Writer(Settings settings) : settings_(std::move(settings)) {}
  void write(const csiem_event& event, Out& out);

 private:
  Settings settings_;
  LabelWriter labels_;
  MetadataRewriter metadata_;
};

}  // namespace csiem::ecs
