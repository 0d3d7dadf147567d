// Completes every batch twice, the second time with another verdict.
#include "hostile.hpp"

static csiem_status submit(void* self, const csiem_batch*, uint64_t token, csiem_error*) {
  auto* s = static_cast<hostile::Self*>(self);
  const bool good = hostile::still_good(s);
  hostile::deliver(s, token);
  const csiem_batch_result again = hostile::result(CSIEM_REJECT);
  if (!good) s->delivery->complete(s->instance, token, &again);
  return CSIEM_OK;
}

HOSTILE_SUBMIT("completes_twice", submit)
