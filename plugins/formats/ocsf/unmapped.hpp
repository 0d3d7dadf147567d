// unmapped.clawdstrike: what no attribute of the class has a place for (schemas.md 5.3).
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <csiem/json.hpp>

#include "ocsf/source.hpp"

namespace csiem::ocsf {

void unmapped(Json& j, const Source& s);

}  // namespace csiem::ocsf
