// JSON for eyes.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>

namespace csiem::cli {

// Indented, one member a line; text that is no JSON comes back as it is.
std::string pretty_json(std::string_view json);

}  // namespace csiem::cli
