// The members of an event that a privacy rule can name, metadata and labels aside.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <csiem/plugin.h>

#include <span>
#include <string_view>

namespace csiem::process {

enum class Need {
  fixed,      // every platform needs it and it holds no free text: no rule may name it
  required,   // never absent: what would be removed is replaced
  optional,   // can be removed or replaced
  removable,  // a number or a word of a vocabulary: it can be removed, another text in its place would be wrong
};

struct ModelField {
  std::string_view path;
  csiem_str csiem_event::*text;  // null for fixed members that are no text, and for resource.port
  Need need;
};

// In the order of the canonical text.
std::span<const ModelField> model_fields();

// Takes the member out of the event, with what has no meaning without it.
void remove_field(csiem_event& event, const ModelField& field);
bool has_field(const csiem_event& event, const ModelField& field);

}  // namespace csiem::process
