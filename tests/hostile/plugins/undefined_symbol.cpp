// Calls a function that nothing provides.
#include "hostile.hpp"

extern "C" void csiem_test_nobody_defines_this();

static csiem_status submit(void*, const csiem_batch*, uint64_t, csiem_error*) {
  csiem_test_nobody_defines_this();
  return CSIEM_OK;
}

HOSTILE_SUBMIT("undefined_symbol", submit)
