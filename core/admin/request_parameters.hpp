// What a request says besides its path.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <boost/json/object.hpp>
#include <string_view>

#include "base/result.hpp"

namespace csiem::admin {

// The members of the JSON object in `body`, and those of the query of `target` as strings; the body's win. Fails with
// words when either cannot be understood.
Result<boost::json::object> request_parameters(std::string_view target, std::string_view body);

}  // namespace csiem::admin
