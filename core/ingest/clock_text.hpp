// A record's time in any accepted form.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "ingest/record.hpp"

namespace csiem::ingest {

// Text, epoch number or epoch digits (events.md A.5). The output form lies in the line or in `arena`.
When read_time(const Token* token, Arena& arena);

}  // namespace csiem::ingest
