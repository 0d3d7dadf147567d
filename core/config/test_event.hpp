// The event of a unit test: what its author wrote over fixed defaults. Private to this room.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <boost/json/value.hpp>
#include <string>

#include "config/findings.hpp"
#include "config/node.hpp"

namespace csiem::config {

boost::json::value json_of(const Node& node);

// The canonical event as one line. Members that the model does not have, or of another type, are findings.
std::string test_event(const Node& written, Findings& findings);

}  // namespace csiem::config
