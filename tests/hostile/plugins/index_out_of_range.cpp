// Rejects an event that is not in the batch.
#include "hostile.hpp"

static csiem_status submit(void* self, const csiem_batch* batch, uint64_t token, csiem_error*) {
  auto* s = static_cast<hostile::Self*>(self);
  csiem_event_result except = {batch->count + 1000000u, CSIEM_REJECT, 400, 0, {nullptr, 0}, {nullptr, 0}};
  csiem_batch_result r = hostile::result(CSIEM_DELIVERED);
  r.except = &except;
  r.except_count = hostile::still_good(s) ? 0 : 1;
  return s->delivery->complete(s->instance, token, &r);
}

HOSTILE_SUBMIT("index_out_of_range", submit)
