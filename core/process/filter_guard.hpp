// Guard names are kept as the source wrote them; matching compares their class (events.md B.3).
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>

namespace csiem::process {

// Lower case, with the known spellings of one guard folded into one name.
std::string guard_class(std::string_view guard);
// Whether `guard` belongs to the class, which must come from guard_class(). Allocates nothing.
bool in_guard_class(std::string_view guard, std::string_view wanted_class);

// The hexadecimal part of a policy hash: "0x", "0X" and "sha256:" are taken off.
std::string_view hash_digits(std::string_view hash);
// Compares two such parts without regard to case.
bool same_ascii(std::string_view a, std::string_view b);

}  // namespace csiem::process
