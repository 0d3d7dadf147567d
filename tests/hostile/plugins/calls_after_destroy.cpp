// Leaves a thread behind that goes on calling every service after destroy.
#include <unistd.h>

#include <thread>

#include "hostile.hpp"

static void haunt(hostile::Self s) {
  for (int i = 0; i < 200; ++i) {
    hostile::deliver(&s, s.last_token);
    s.log->write(s.instance, CSIEM_LOG_WARN, hostile::text("still here"), nullptr, 0);
    s.metrics->count(s.instance, hostile::text("ghosts"), 1);
    s.http->cancel(s.instance, 1);
    uint64_t id = 0;
    s.runtime->timer(
        s.instance, 1, [](void*) {}, nullptr, &id);
    usleep(1000);
  }
}
static csiem_status submit(void* self, const csiem_batch*, uint64_t token, csiem_error*) {
  auto* s = static_cast<hostile::Self*>(self);
  s->last_token = token;
  std::thread(haunt, *s).detach();
  return CSIEM_OK;
}

HOSTILE_SUBMIT("calls_after_destroy", submit)
