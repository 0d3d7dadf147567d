// The store of the configured data directory, for commands that look into it.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "cli/arguments.hpp"
#include "cli/setup.hpp"
#include "store/inspect.hpp"

namespace csiem::cli {

struct OpenedStore {
  config::Configuration configuration;
  store::Inspector inspector;
};

// Nothing when it could not be opened: then `status` is the exit status, kOk for a store that does not exist yet (with
// a note), because everything that can be asked about it has the answer "nothing".
std::optional<OpenedStore> open_store(const Arguments& arguments, store::Inspector::Access access, int& status);
// Prints the error and returns the exit status for it.
int store_failure(const Error& error);

// "3 h ago" on a terminal, the time elsewhere; "-" for 0.
std::string ago(int64_t unix_ns, const GlobalArguments& global);

}  // namespace csiem::cli
