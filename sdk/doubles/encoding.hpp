// Content codings and base64, as receivers undo and compare them.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace csiem::doubles {

// False when the bytes are no gzip stream or inflate to more than `max_bytes`.
bool gunzip(std::string_view compressed, std::size_t max_bytes, std::string* out);
std::string base64(std::string_view bytes);
// Padding may be missing; empty when it is no base64.
std::string from_base64(std::string_view text);
std::string hex(std::string_view bytes);
// "%41+b" to "A b".
std::string percent_decoded(std::string_view text);

}  // namespace csiem::doubles
