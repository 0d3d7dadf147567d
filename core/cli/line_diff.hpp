// How two texts differ, line by line.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>

namespace csiem::cli {

// Lines with "-" are of `before` alone, with "+" of `after` alone, with a blank of both: up to two around a difference;
// "..." stands for those left out. Empty when the texts are the same.
std::string line_diff(std::string_view before, std::string_view after);

}  // namespace csiem::cli
