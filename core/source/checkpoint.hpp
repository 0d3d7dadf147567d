// A place in a file, and its text form that survives a restart.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/buffer.hpp"
#include "source/file_identity.hpp"

namespace csiem::source {

// Everything in front of `offset` was handed out.
struct Position {
  FileId id;
  Fingerprint fingerprint;
  uint64_t offset = 0;
  uint64_t next_line = 1;  // 0 when not known
  // The file did not exist: whatever appears later is read from its beginning.
  bool absent = false;
  MarkList marks;  // the newest one ends at `offset`
};

// {"v":1,"dev":…,"ino":…,"fp_len":…,"fp":"hex","offset":…,"line":…,"marks":[[start,end,line,"hex"],…]}, newest mark
// last. Keeps the newest mark and a few older ones, each about twice as far back as the one before.
std::string checkpoint_text(const Position& position, Buffer& scratch);
// Nothing when the text is not ours.
std::optional<Position> parse_checkpoint(std::string_view text);

}  // namespace csiem::source
