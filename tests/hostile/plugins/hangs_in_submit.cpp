// Never returns from submit. The setting "hang_ms" makes it return after so many milliseconds.
#include <unistd.h>

#include "hostile.hpp"

HOSTILE_NOTE("hangs_in_submit");

static int64_t hang_ms = -1;

static csiem_status create(const csiem_create_args* args, void** self, csiem_error* error) {
  const csiem_status status = hostile::create(args, self, error);
  const auto* config = static_cast<const csiem_config_v1*>(args->host->service(args->host, CSIEM_SERVICE_CONFIG));
  config->get_i64(args->instance, hostile::text("hang_ms"), &hang_ms);
  return status;
}
static csiem_status submit(void* self, const csiem_batch* batch, uint64_t token, csiem_error* error) {
  if (hostile::still_good(static_cast<hostile::Self*>(self))) return hostile::submit(self, batch, token, error);
  if (hang_ms < 0)
    for (;;) pause();
  usleep(static_cast<useconds_t>(hang_ms) * 1000);
  return hostile::submit(self, batch, token, error);
}

static csiem_exporter_v1 make_api() {
  csiem_exporter_v1 t = hostile::exporter();
  t.create = &create;
  t.submit = &submit;
  return t;
}
static const csiem_exporter_v1 api_table = make_api();

static csiem_component hanging() {
  csiem_component c = hostile::component("hostile_hangs_in_submit", &api_table);
  c.config_schema =
      R"({"type":"object","properties":{"good":{"type":"integer","minimum":0},"hang_ms":{"type":"integer"}}})";
  return c;
}
static const csiem_component the_component = hanging();
static const csiem_component* const the_components[] = {&the_component};
static const csiem_plugin the_plugin = hostile::plugin(the_components);

extern "C" CSIEM_EXPORT const csiem_plugin* csiem_plugin_v1(uint32_t) { return &the_plugin; }
