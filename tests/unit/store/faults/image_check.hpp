// Whether a store that was left by a power cut or a failing disk keeps its promises (delivery.md 10.3, I1 to I9).
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <span>
#include <string>
#include <vector>

#include "recording.hpp"

namespace csiem::test {

// Opens the store below `directory`. Returns what is wrong, one line each. `kept`: promises that must hold. With
// `drain` every exporter is given all that it has not settled, too.
std::vector<std::string> check_store(const std::string& directory, const Recording& recording,
                                     std::span<const Promise> kept, bool drain);

}  // namespace csiem::test
