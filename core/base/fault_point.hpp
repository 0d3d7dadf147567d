// Places where a test can end or stop the process (delivery.md 10.2). Nothing unless built with -Dfault_points=enabled.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#if defined(CSIEM_FAULT_POINTS)
namespace csiem {

// CLAWDSTRIKE_SIEM_FAULT=name:pass:kill or name:pass:sleep=MS acts when the point is passed for the pass-th time.
void pass_fault_point(const char* name);

}  // namespace csiem
#define CSIEM_FAULT_POINT(name) ::csiem::pass_fault_point(name)
#else
#define CSIEM_FAULT_POINT(name) static_cast<void>(0)
#endif
