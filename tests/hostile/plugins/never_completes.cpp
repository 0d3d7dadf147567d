// Takes batches and forgets them.
#include "hostile.hpp"

static csiem_status submit(void* self, const csiem_batch* batch, uint64_t token, csiem_error* error) {
  if (hostile::still_good(static_cast<hostile::Self*>(self))) return hostile::submit(self, batch, token, error);
  return CSIEM_OK;
}

HOSTILE_SUBMIT("never_completes", submit)
