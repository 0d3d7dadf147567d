// TOML text to Node. Private to this room.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "config/findings.hpp"
#include "config/node.hpp"

namespace csiem::config {

// Nothing when the text is not TOML; why stands in `findings`.
std::optional<Node> parse_toml(std::string_view text, const std::string& file, Findings& findings);

// One `key = value` of the command line. The value is TOML, or bare text. Origins name `file` and no line.
std::optional<Node> parse_assignment(std::string_view assignment, const std::string& file, Findings& findings);

}  // namespace csiem::config
