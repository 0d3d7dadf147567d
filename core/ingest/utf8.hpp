// Putting invalid UTF-8 right.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>

namespace csiem::ingest {

// Copies `text` to `out` with every ill-formed sequence replaced by U+FFFD, overlong forms and encoded surrogates
// included, one per maximal ill-formed part as Unicode recommends. False, with `out` empty, when the text is
// well-formed.
bool repair_utf8(std::string_view text, std::string& out);

}  // namespace csiem::ingest
