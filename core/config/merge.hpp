// Layers on top of each other. Private to this room.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "config/findings.hpp"
#include "config/node.hpp"

namespace csiem::config {

// Tables merge, arrays of tables append, everything else is replaced; what is replaced is remembered as shadowed.
// With `same_layer` a key that both set is CS1012 instead.
void merge(Node& below, Node&& above, bool same_layer, Findings& findings);

// A route's `set` over the exporter's own settings: like merge, but arrays of tables are replaced.
Node overlaid(const Node& below, const Node& above);

// Elements of arrays of tables that share a `name`: CS1012.
void check_unique_names(const Node& root, Findings& findings);

}  // namespace csiem::config
