// What the kernel counts of this process.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

namespace csiem::admin {

struct ProcessFigures {
  uint64_t resident_bytes = 0, open_fds = 0;
  double cpu_seconds = 0;
};
// What cannot be read is 0. A few system calls.
ProcessFigures process_figures();

}  // namespace csiem::admin
