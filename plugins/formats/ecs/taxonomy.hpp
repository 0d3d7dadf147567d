// event.kind, event.category and event.type of an event (schemas.md 4.2).
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <csiem/plugin.h>

#include <string_view>

namespace csiem::ecs {

// What the event is about, as ECS sees it; `none` when neither resource nor category says.
enum class Base { none, file, network, process, tool, configuration };

struct Taxonomy {
  std::string_view kind;
  std::string_view category, type;  // JSON arrays, ready to be written
};

Base base_of(const csiem_event& event) noexcept;
Taxonomy taxonomy(const csiem_event& event, Base base) noexcept;

}  // namespace csiem::ecs
