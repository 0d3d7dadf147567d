// Input that is no event, read as leniently as a secret would be found in it.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>

namespace csiem::process {

// `line` with the escapes of JSON strings undone wherever they stand, twice, because JSON holds JSON; and with bytes
// that are no UTF-8 as U+FFFD. Into `out`.
void undo_escapes(std::string_view line, std::string& out);

}  // namespace csiem::process
