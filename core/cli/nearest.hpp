// "Did you mean": the nearest of a list of names.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace csiem::cli {

// The nearest name within two edits (one for short words), or nothing.
std::string nearest(std::string_view word, const std::vector<std::string>& names);

}  // namespace csiem::cli
