// A shared object with our entry and no note.
#include "hostile.hpp"

extern "C" CSIEM_EXPORT const csiem_plugin* csiem_plugin_v1(uint32_t) { return nullptr; }
