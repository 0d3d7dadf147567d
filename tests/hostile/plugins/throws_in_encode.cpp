// A format that writes half an event and throws. The setting "message" empty: something that is no std::exception.
#include <stdexcept>

#include "hostile.hpp"

CSIEM_NOTE("format", "hostile_throws_in_encode", "1.0.0");

static csiem_status create(const csiem_create_args*, void** self, csiem_error*) {
  *self = nullptr;
  return CSIEM_OK;
}
static void destroy(void*) {}
static csiem_status encode(void*, const csiem_event*, csiem_writer* out, csiem_error*) {
  if (out->cur != out->end) *out->cur++ = '{';
  throw std::runtime_error("half way");
}

static const csiem_format_v1 api_table = {sizeof(csiem_format_v1), 0, "application/json", &create, &destroy, &encode};

static csiem_component format() {
  csiem_component c = hostile::component("hostile_throws_in_encode", &api_table);
  c.kind = CSIEM_KIND_FORMAT;
  return c;
}
static const csiem_component the_component = format();
static const csiem_component* const the_components[] = {&the_component};
static const csiem_plugin the_plugin = hostile::plugin(the_components);

extern "C" CSIEM_EXPORT const csiem_plugin* csiem_plugin_v1(uint32_t) { return &the_plugin; }
