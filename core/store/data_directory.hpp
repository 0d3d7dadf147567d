// The daemon's data directory.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "base/fd.hpp"
#include "base/result.hpp"

namespace csiem::store {

// Creates the directory (0700) and locks it for this process. The lock lasts as long as the descriptor and goes with
// the process. Fails with CS5003, naming the other process, or CS5005.
Result<Fd> lock_directory(const std::string& directory);

}  // namespace csiem::store
