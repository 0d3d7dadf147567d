// Completes a token that it was never given, and never its own.
#include "hostile.hpp"

static csiem_status submit(void* self, const csiem_batch* batch, uint64_t token, csiem_error* error) {
  auto* s = static_cast<hostile::Self*>(self);
  if (hostile::still_good(s)) return hostile::submit(self, batch, token, error);
  hostile::deliver(s, token ^ 0x5555555555555555ull);
  return CSIEM_OK;
}

HOSTILE_SUBMIT("forged_token", submit)
