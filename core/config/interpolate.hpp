// ${NAME}, ${NAME:-default}, ${NAME:?message} and $$ in string values. Private to this room.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "config/findings.hpp"
#include "config/layers.hpp"
#include "config/node.hpp"

namespace csiem::config {

// Runs over the merged tree, so that a value that nobody uses is not complained about; for the same reason unset
// variables inside of a source or exporter with `enabled = false` are left alone. Values from the environment and
// from --set are taken as they are.
void interpolate(Node& root, const Environment& environment, Findings& findings);

}  // namespace csiem::config
