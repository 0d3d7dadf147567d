// Its settings schema is not JSON.
#include "hostile.hpp"

HOSTILE_NOTE("bad_schema");

static const csiem_exporter_v1 api_table = hostile::exporter();

static csiem_component careless() {
  csiem_component c = hostile::component("hostile_bad_schema", &api_table);
  c.config_schema = "{\"type\":";
  return c;
}
static const csiem_component the_component = careless();
static const csiem_component* const the_components[] = {&the_component};
static const csiem_plugin the_plugin = hostile::plugin(the_components);

extern "C" CSIEM_EXPORT const csiem_plugin* csiem_plugin_v1(uint32_t) { return &the_plugin; }
