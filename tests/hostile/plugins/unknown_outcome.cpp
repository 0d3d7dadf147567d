// Answers with an outcome from the future.
#include "hostile.hpp"

static csiem_status submit(void* self, const csiem_batch*, uint64_t token, csiem_error*) {
  auto* s = static_cast<hostile::Self*>(self);
  const csiem_batch_result r = hostile::result(hostile::still_good(s) ? CSIEM_DELIVERED : 99);
  return s->delivery->complete(s->instance, token, &r);
}

HOSTILE_SUBMIT("unknown_outcome", submit)
