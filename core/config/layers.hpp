// Where configuration comes from, and which place wins (ux.md 2.1, 2.2). Private to this room.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "config/findings.hpp"
#include "config/node.hpp"

namespace csiem::config {

// The process's variables, or those that a test gives.
class Environment {
 public:
  explicit Environment(const LoadRequest& request);
  std::optional<std::string> get(const std::string& name) const;
  const std::map<std::string, std::string>& all() const { return variables_; }

 private:
  std::map<std::string, std::string> variables_;
};

struct LayerFile {
  enum class Layer { vendor, main, operators };
  std::string path;
  Layer layer = Layer::main;
};

// The files to read, lowest layer first. Findings: CS1002 when there is no main file.
std::vector<LayerFile> find_files(const LoadRequest& request, const Environment& environment, Findings& findings);

// CLAWDSTRIKE_SIEM__GLOBAL__ENVIRONMENT=… as trees, one per variable.
std::vector<Node> environment_layer(const Environment& environment);
// --set.
std::vector<Node> command_line_layer(const LoadRequest& request, Findings& findings);

}  // namespace csiem::config
