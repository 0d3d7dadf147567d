// Text as CEF can carry it: cut, trimmed and escaped (schemas.md 6.1).
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <csiem/json.hpp>

#include <cstddef>
#include <string_view>

namespace csiem::cef {

// The part of `text` that becomes a value: at most `limit` characters, without what is blank at both ends. Control
// characters count as blanks, for they are written as spaces; in an extension LF and CR do not, for they are escaped.
std::string_view extension_part(std::string_view text, std::size_t limit) noexcept;
// The same for a header field, where every Unicode space counts.
std::string_view header_part(std::string_view text, std::size_t limit) noexcept;

// Appends the text: \ and = escaped, LF and CR as \n and \r, other control characters as spaces.
void extension_text(Out& out, std::string_view text) noexcept;
// Appends the text: \ and | escaped, control characters as spaces.
void header_text(Out& out, std::string_view text) noexcept;

// Appends `text` as a quoted JSON string that is escaped again for an extension.
void extension_json_string(Out& out, std::string_view text) noexcept;

}  // namespace csiem::cef
