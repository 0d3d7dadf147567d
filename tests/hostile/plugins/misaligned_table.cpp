// Its api table lies at an odd address.
#include "hostile.hpp"

HOSTILE_NOTE("misaligned_table");

alignas(8) static unsigned char bytes[sizeof(csiem_exporter_v1) + 8];

static const void* shifted() {
  const csiem_exporter_v1 t = hostile::exporter();
  std::memcpy(bytes + 1, &t, sizeof t);
  return bytes + 1;
}
static const csiem_component the_component = hostile::component("hostile_misaligned_table", shifted());
static const csiem_component* const the_components[] = {&the_component};
static const csiem_plugin the_plugin = hostile::plugin(the_components);

extern "C" CSIEM_EXPORT const csiem_plugin* csiem_plugin_v1(uint32_t) { return &the_plugin; }
