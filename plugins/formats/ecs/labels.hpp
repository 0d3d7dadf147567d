// labels.*: keys that Elasticsearch can index (schemas.md 4.3).
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <csiem/json.hpp>

#include <span>
#include <string>
#include <vector>

namespace csiem::ecs {

// Writes the member "labels". In keys '.', blanks, control characters, '*', '"' and '\' become '_', an empty key too;
// of keys that become equal the later ones get _2, _3 ... Values are cut at what Elasticsearch takes as one keyword.
// False when keys or values differ from what the event says.
// Keeps scratch memory that is used only when a key has to change.
class LabelWriter {
 public:
  bool write(std::span<const csiem_kv> labels, Json& json);

 private:
  void write_repaired(std::span<const csiem_kv> labels, Json& json);
  std::vector<std::string> names_;
};

}  // namespace csiem::ecs
