// The daemon's side of the admin interface: its socket, and what it tells and does.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>

#include "admin/access.hpp"
#include "admin/api.hpp"
#include "admin/socket_file.hpp"
#include "cli/arguments.hpp"
#include "cli/store_backend.hpp"
#include "config/config.hpp"
#include "pipeline/pipeline.hpp"
#include "plugin/registry.hpp"

namespace csiem::cli {

// --socket, else CLAWDSTRIKE_SIEM_SOCKET, else what is configured.
std::string socket_setting(const GlobalArguments& global, const std::string& configured);

// Nothing when there is to be no socket: admin.socket = "", or `run --once` and `--dry-run` without --socket. A place
// that was chosen automatically and cannot be used is a warning; a socket in use is an error in any case.
Result<std::optional<admin::SocketFile>> open_admin_socket(const Arguments& arguments, const config::Admin& configured);

admin::Access admin_access(const config::Admin& configured);

// The references must outlive what it returns.
admin::Backend admin_backend(pipeline::Pipeline& pipeline, const config::Configuration& configuration,
                             plugin::Registry& plugins, StoreSearch& search, const bool& draining);

}  // namespace csiem::cli
