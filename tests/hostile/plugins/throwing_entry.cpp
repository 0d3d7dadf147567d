// Its entry throws.
#include "hostile.hpp"

HOSTILE_NOTE("throwing_entry");

extern "C" CSIEM_EXPORT const csiem_plugin* csiem_plugin_v1(uint32_t) { throw 7; }
