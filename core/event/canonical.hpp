// The canonical JSON text of an event.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <csiem/plugin.h>

namespace csiem::event {

// Appends the event as one JSON object, keys in the order of events.md A.1, absent members left out, `threat`,
// `metadata` and `labels` always present. Reads the view only. Returns false when the writer could not grow.
bool write_canonical(const csiem_event& event, csiem_writer& out);

}  // namespace csiem::event
