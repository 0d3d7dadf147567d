// Names the first event twice: once as delivered, once as rejected.
#include "hostile.hpp"

static csiem_status submit(void* self, const csiem_batch*, uint64_t token, csiem_error*) {
  auto* s = static_cast<hostile::Self*>(self);
  const csiem_event_result except[2] = {{0, CSIEM_REJECT, 400, 0, hostile::text("first"), {nullptr, 0}},
                                        {0, CSIEM_DELIVERED, 200, 0, hostile::text("second"), {nullptr, 0}}};
  csiem_batch_result r = hostile::result(CSIEM_DELIVERED);
  r.except = except;
  r.except_count = hostile::still_good(s) ? 0 : 2;
  return s->delivery->complete(s->instance, token, &r);
}

HOSTILE_SUBMIT("index_repeated", submit)
