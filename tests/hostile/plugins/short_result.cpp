// Completes with a null result, and with one that says it is four bytes long.
#include "hostile.hpp"

static csiem_status submit(void* self, const csiem_batch* batch, uint64_t token, csiem_error* error) {
  auto* s = static_cast<hostile::Self*>(self);
  if (hostile::still_good(s)) return hostile::submit(self, batch, token, error);
  s->delivery->complete(s->instance, token, nullptr);
  csiem_batch_result r = hostile::result(CSIEM_DELIVERED);
  r.struct_size = 4;
  s->delivery->complete(s->instance, token, &r);
  return CSIEM_OK;
}

HOSTILE_SUBMIT("short_result", submit)
