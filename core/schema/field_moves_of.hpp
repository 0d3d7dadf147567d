// Field moves by the notation of the format. Private to this room.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <string_view>

#include "schema/field_moves.hpp"

namespace csiem::schema {

std::unique_ptr<FieldMoves> json_moves(std::string_view format, const OutputSettings& settings);
std::unique_ptr<FieldMoves> cef_moves(const OutputSettings& settings);

}  // namespace csiem::schema
