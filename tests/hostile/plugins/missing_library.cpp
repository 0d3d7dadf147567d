// Needs a library that is not installed.
#include "hostile.hpp"

extern "C" int csiem_test_absent();

static csiem_status submit(void*, const csiem_batch*, uint64_t, csiem_error*) { return csiem_test_absent(); }

HOSTILE_SUBMIT("missing_library", submit)
