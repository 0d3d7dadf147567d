// Completes a batch once it was cancelled.
#include "hostile.hpp"

static csiem_status submit(void* self, const csiem_batch* batch, uint64_t token, csiem_error* error) {
  if (hostile::still_good(static_cast<hostile::Self*>(self))) return hostile::submit(self, batch, token, error);
  return CSIEM_OK;
}
static void late(void* self) {
  auto* s = static_cast<hostile::Self*>(self);
  hostile::deliver(s, s->last_token);
}
static void cancel(void* self, uint64_t token) {
  auto* s = static_cast<hostile::Self*>(self);
  s->last_token = token;
  s->runtime->post(s->instance, &late, s);
}

static csiem_exporter_v1 make_api() {
  csiem_exporter_v1 t = hostile::exporter();
  t.submit = &submit;
  t.cancel = &cancel;
  return t;
}

HOSTILE_EXPORTER("completes_after_cancel", make_api())
