// Announces one name and brings another: permissions would have been checked for the wrong one.
#include "hostile.hpp"

HOSTILE_NOTE("other_name");

static const csiem_exporter_v1 api_table = hostile::exporter();
static const csiem_component the_component = hostile::component("splunk", &api_table);
static const csiem_component* const the_components[] = {&the_component};
static const csiem_plugin the_plugin = hostile::plugin(the_components);

extern "C" CSIEM_EXPORT const csiem_plugin* csiem_plugin_v1(uint32_t) { return &the_plugin; }
