// observables[]: what an analyst would search for, each with the place where the event has it (schemas.md 5.8).
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <csiem/json.hpp>

#include "ocsf/source.hpp"

namespace csiem::ocsf {

void observables(Json& j, Out& out, const Source& s);

}  // namespace csiem::ocsf
