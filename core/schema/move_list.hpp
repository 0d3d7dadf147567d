// The mappings of one format, ready to run. Private to this room.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "schema/move_target.hpp"
#include "schema/source_value.hpp"

namespace csiem::schema {

struct Move {
  SourceValue source;
  MoveTarget target;
  std::vector<std::string> leaves;  // the source's usual places, which it leaves
  std::string scratch;
  std::string_view value;  // of the event at hand, converted
  bool active = false;     // the event has a value and the target takes it
};

// Without those that would change nothing.
std::vector<Move> make_moves(std::string_view format, const OutputSettings& settings);
// Looks every value up. Returns whether any is there; adds to `skipped` those that their target does not take.
bool load(std::vector<Move>& moves, const csiem_event& event, uint64_t& skipped);

}  // namespace csiem::schema
