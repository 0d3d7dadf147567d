// Throws out of submit.
#include <stdexcept>

#include "hostile.hpp"

static csiem_status submit(void* self, const csiem_batch* batch, uint64_t token, csiem_error* error) {
  if (hostile::still_good(static_cast<hostile::Self*>(self))) return hostile::submit(self, batch, token, error);
  throw std::runtime_error("out of ideas");
}

HOSTILE_SUBMIT("throws_in_submit", submit)
