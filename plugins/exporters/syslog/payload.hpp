// The text of a message: one record whatever the event holds, and no longer than the receiver takes.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace csiem::syslog {

// Appends `body` without a byte order mark, with every control character (NUL, CR, LF …) as a space. A format that
// escapes them has none, and what JSON has of them stands between its tokens.
void append_text(std::string_view body, std::string& out);

// `body` in at most `limit` bytes, with a field that says that it was shortened: CEF loses extension pairs from the end
// and then the end of msg, key=value text loses pairs from the end, JSON has its longest texts cut and stays JSON, any
// other text is cut. Empty when not even that fits.
std::string shortened(std::string_view body, bool json, std::size_t limit);

}  // namespace csiem::syslog
