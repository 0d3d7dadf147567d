// The line of an event: key=value, values in quotes where they need them.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <csiem/json.hpp>

namespace csiem::kv {

// Identity, time and severity first, so that what a receiver cuts off is the least important. Without a line feed;
// allocates nothing.
void write_line(const csiem_event& event, Out& out) noexcept;

}  // namespace csiem::kv
