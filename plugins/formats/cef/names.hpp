// Device Event Class ID and Name of an event (schemas.md 6.2).
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <csiem/json.hpp>

namespace csiem::cef {

// Appends "class id|name". Both are fixed texts for the known event types; an unknown type's word becomes the id, in
// lower case and with _ for everything that is neither letter nor digit.
void class_and_name(Out& out, const csiem_event& event) noexcept;

}  // namespace csiem::cef
