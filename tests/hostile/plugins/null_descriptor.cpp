// Its entry returns null.
#include "hostile.hpp"

HOSTILE_NOTE("null_descriptor");

extern "C" CSIEM_EXPORT const csiem_plugin* csiem_plugin_v1(uint32_t) { return nullptr; }
