// Reading one file that holds a secret, if nobody else can read or change it.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "base/result.hpp"
#include "credentials/secret_bytes.hpp"

namespace csiem::credentials {

inline constexpr std::size_t kMaxSecretFileBytes = 64 * 1024;

// Reads `name` below `directory`. Symbolic links are followed as long as they stay below it. The file must be regular,
// at most 64 KiB, owned by root or the daemon's user and closed to others (0640 at most); every directory above it
// must be owned by one of the two and not be writable by others. `trust_mount` lifts the rules of owner and mode on
// tmpfs and ramfs, which is how orchestrators mount secrets. Error texts hold paths, never content.
Result<SecretBytes> read_secret_file(const std::string& directory, const std::string& name, bool trust_mount);

}  // namespace csiem::credentials
