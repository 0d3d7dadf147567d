// Says that it has more components than there is memory.
#include "hostile.hpp"

HOSTILE_NOTE("endless_components");

static const csiem_exporter_v1 api_table = hostile::exporter();
static const csiem_component the_component = hostile::component("hostile_endless_components", &api_table);
static const csiem_component* const the_components[] = {&the_component};

static csiem_plugin endless() {
  csiem_plugin p = hostile::plugin(the_components);
  p.component_count = ~0ull / 8;
  return p;
}
static const csiem_plugin the_plugin = endless();

extern "C" CSIEM_EXPORT const csiem_plugin* csiem_plugin_v1(uint32_t) { return &the_plugin; }
