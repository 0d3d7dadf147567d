// Core dumps, which would hold events before their redaction, and credentials.
// SPDX-License-Identifier: Apache-2.0
#pragma once

namespace csiem {

// From now on this process leaves none, neither as a file nor to the system's collector, and no other process of the
// same user can attach to it or read its memory. Not undone by anything but exec.
void forbid_core_dumps() noexcept;

}  // namespace csiem
