// Its note says 1.0, its only entry is that of ABI 2.
#include "hostile.hpp"

HOSTILE_NOTE("entry_two");

extern "C" CSIEM_EXPORT const void* csiem_plugin_v2(uint32_t) { return nullptr; }
