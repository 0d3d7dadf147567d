// Counts per-event results and gives none.
#include "hostile.hpp"

static csiem_status submit(void* self, const csiem_batch*, uint64_t token, csiem_error*) {
  auto* s = static_cast<hostile::Self*>(self);
  csiem_batch_result r = hostile::result(CSIEM_DELIVERED);
  r.except_count = hostile::still_good(s) ? 0 : 3;
  return s->delivery->complete(s->instance, token, &r);
}

HOSTILE_SUBMIT("null_array", submit)
