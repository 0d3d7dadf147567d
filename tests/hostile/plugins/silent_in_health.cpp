// Takes the question how its destination is and never answers it. Delivers.
#include "hostile.hpp"

static csiem_status health(void*, uint64_t, csiem_error*) { return CSIEM_OK; }

HOSTILE_HEALTH("silent_in_health", health)
