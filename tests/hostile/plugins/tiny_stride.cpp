// Says that its per-event results are four bytes apart.
#include "hostile.hpp"

static csiem_status submit(void* self, const csiem_batch*, uint64_t token, csiem_error*) {
  auto* s = static_cast<hostile::Self*>(self);
  const csiem_event_result except = {0, CSIEM_REJECT, 400, 0, {nullptr, 0}, {nullptr, 0}};
  csiem_batch_result r = hostile::result(CSIEM_DELIVERED);
  r.except = &except;
  r.except_count = hostile::still_good(s) ? 0 : 1;
  r.except_stride = 4;
  return s->delivery->complete(s->instance, token, &r);
}

HOSTILE_SUBMIT("tiny_stride", submit)
