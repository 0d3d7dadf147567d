// Keys that occur twice in one object, which a parsed document no longer shows.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace csiem::schema {

// Paths of the repeated members, "metadata.tags[0].name", in order. Empty when the text is no JSON.
std::vector<std::string> duplicate_keys(std::string_view json);

}  // namespace csiem::schema
