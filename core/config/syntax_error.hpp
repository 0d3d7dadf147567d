// What the TOML parser says, put so that an operator finds the place. Private to this room.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "config/findings.hpp"

namespace csiem::config {

struct SyntaxError {
  std::string what;
  uint32_t line = 1, column = 1;
};

void report_syntax_error(const SyntaxError& error, std::string_view text, const std::string& file, Findings& findings);

}  // namespace csiem::config
