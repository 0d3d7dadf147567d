// Where the admin socket is.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

namespace csiem::admin {

// Of the daemon with admin.socket = "auto": in the service manager's runtime directory, else for root in
// /run/clawdstrike-siem, else in the user's runtime directory.
std::string automatic_socket_path();

// Where a client looks for a daemon with this setting, first to last.
std::vector<std::string> socket_candidates(const std::string& setting);

}  // namespace csiem::admin
