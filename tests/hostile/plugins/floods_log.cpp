// Writes ten thousand log lines per batch, long and not all UTF-8, and uses a hundred metric names.
#include "hostile.hpp"

static csiem_status submit(void* self, const csiem_batch*, uint64_t token, csiem_error*) {
  auto* s = static_cast<hostile::Self*>(self);
  static char noise[8192];
  std::memset(noise, 'x', sizeof noise);
  noise[3] = '\xff';
  const csiem_kv field = {hostile::text("k"), {noise, sizeof noise}};
  for (int i = 0; i < 10000; ++i) {
    s->log->write(s->instance, CSIEM_LOG_ERROR + 5, {noise, sizeof noise}, &field, 1);
    s->log->write(s->instance, -3, {nullptr, 77}, nullptr, 0xffffffffu);
  }
  for (int i = 0; i < 100; ++i) {
    char name[16];
    std::snprintf(name, sizeof name, "n_%d", i);
    s->metrics->count(s->instance, hostile::text(name), 1);
  }
  s->metrics->count(s->instance, hostile::text("not a name\n"), 1);
  hostile::deliver(s, token);
  return CSIEM_OK;
}

HOSTILE_SUBMIT("floods_log", submit)
