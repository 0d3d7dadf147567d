// Refuses hosts below 1.99.
#include "hostile.hpp"

HOSTILE_NOTE("needs_newer_host");

static const csiem_exporter_v1 api_table = hostile::exporter();
static const csiem_component the_component = hostile::component("hostile_needs_newer_host", &api_table);
static const csiem_component* const the_components[] = {&the_component};

static csiem_plugin demanding() {
  csiem_plugin p = hostile::plugin(the_components);
  p.min_host_abi = (CSIEM_ABI_MAJOR << 16) | 99;
  return p;
}
static const csiem_plugin the_plugin = demanding();

extern "C" CSIEM_EXPORT const csiem_plugin* csiem_plugin_v1(uint32_t) { return &the_plugin; }
