// Does not return from the question how its destination is. Delivers until then.
#include <unistd.h>

#include "hostile.hpp"

static csiem_status health(void*, uint64_t, csiem_error*) {
  for (;;) ::pause();
}

HOSTILE_HEALTH("hangs_in_health", health)
