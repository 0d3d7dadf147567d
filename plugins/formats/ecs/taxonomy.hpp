// event.kind, event.category and event.type of an event (schemas.md 4.2).
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <csiem/plugin.h>

#include <string_view>

#include "common/reading.hpp"

namespace csiem::ecs {

struct Taxonomy {
  std::string_view kind;
  std::string_view category, type;  // JSON arrays, ready to be written
};

Taxonomy taxonomy(const csiem_event& event, formats::Base base) noexcept;

}  // namespace csiem::ecs
