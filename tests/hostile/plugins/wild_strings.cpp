// Its component's name lies in memory that is not the plugin's.
#include "hostile.hpp"

HOSTILE_NOTE("wild_strings");

static const csiem_exporter_v1 api_table = hostile::exporter();

static csiem_component wild() {
  csiem_component c = hostile::component("", &api_table);
  const uintptr_t garbage = 0x10;
  std::memcpy(&c.name, &garbage, sizeof garbage);
  return c;
}
static const csiem_component the_component = wild();
static const csiem_component* const the_components[] = {&the_component};
static const csiem_plugin the_plugin = hostile::plugin(the_components);

extern "C" CSIEM_EXPORT const csiem_plugin* csiem_plugin_v1(uint32_t) { return &the_plugin; }
