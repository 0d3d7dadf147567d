// From what a plugin's entry returned to components that the host may call.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <csiem/plugin.h>

#include <memory>
#include <string>
#include <vector>

#include "base/result.hpp"
#include "plugin/library.hpp"
#include "plugin/registry.hpp"

namespace csiem::plugin {

// Copies every table into a zeroed struct of the host's size and checks each pointer before it is followed: data must
// lie in the plugin's own object, callbacks in its executable segments. Fails with CS3002 or CS3008 and names the
// member. Components of kinds that this host does not know are left out.
Result<std::vector<std::unique_ptr<Component>>> read_descriptor(const csiem_plugin* descriptor, const Image& image);

// The note must announce what the descriptor holds, since lists and permissions go by the note.
Result<void> check_announced(const std::vector<Announced>& announced,
                             const std::vector<std::unique_ptr<Component>>& components);

}  // namespace csiem::plugin
