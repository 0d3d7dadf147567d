// What a request says besides its path.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <map>
#include <string>
#include <string_view>

#include "base/result.hpp"

namespace csiem::admin {

// Names and values; numbers as they are written.
using Parameters = std::map<std::string, std::string, std::less<>>;

// The members of the JSON object in `body`, and those of the query of `target`; the body's win. Fails with words when
// either cannot be understood, or a member is neither text nor number nor boolean.
Result<Parameters> request_parameters(std::string_view target, std::string_view body);
// As an object of strings.
std::string parameters_json(const Parameters& parameters);

}  // namespace csiem::admin
