// Events of the log back in memory.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "store/store.hpp"

namespace csiem::pipeline {

// Reads canonical events with the mapper of canonical records, without the limits of foreign input. One thread.
store::Revive make_reviver();

}  // namespace csiem::pipeline
