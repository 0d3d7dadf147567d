// Throws what is no std::exception out of cancel, health, a posted task and destroy.
#include "hostile.hpp"

static void cancel(void*, uint64_t) { throw 42; }
static csiem_status health(void*, uint64_t, csiem_error*) { throw "ill"; }
static void task(void*) { throw 4.2; }
static csiem_status submit(void* self, const csiem_batch*, uint64_t, csiem_error*) {
  const auto* s = static_cast<hostile::Self*>(self);
  return s->runtime->post(s->instance, &task, self);
}
static void destroy(void* self) {
  hostile::destroy(self);
  throw 43;
}

static csiem_exporter_v1 make_api() {
  csiem_exporter_v1 t = hostile::exporter();
  t.submit = &submit;
  t.cancel = &cancel;
  t.health = &health;
  t.destroy = &destroy;
  return t;
}

HOSTILE_EXPORTER("throws_in_callbacks", make_api())
