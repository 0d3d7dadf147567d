// The daemon's data directory and the small files in it.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <map>
#include <string>
#include <string_view>

#include "base/fd.hpp"
#include "base/result.hpp"

namespace csiem::store {

// Creates the directory (0700) and locks it for this process. The lock lasts as long as the descriptor and goes with
// the process. Fails with CS5003, naming the other process, or CS5005.
Result<Fd> lock_directory(const std::string& directory);

// Source checkpoints by source id.
using Checkpoints = std::map<std::string, std::string>;
// A missing file is empty. A damaged one is renamed to *.bad (CS5006 in the log) and is empty too.
Result<Checkpoints> load_checkpoints(const std::string& path);
// Old or new content, whatever happens.
Result<void> save_checkpoints(const std::string& path, const Checkpoints& checkpoints);

// Appends whole lines and makes them durable. Takes back what it wrote when not everything could be written, and what a
// crash left of an unfinished line, so the file always holds whole lines. Creates the file with 0600.
Result<void> append_durably(const std::string& path, std::string_view lines);

// The message for a failed write: 5001 when the disk is full, else 5005.
int write_message_code(const Error& error);

}  // namespace csiem::store
