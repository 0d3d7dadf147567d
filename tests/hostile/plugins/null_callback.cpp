// Has no submit.
#include "hostile.hpp"

static csiem_exporter_v1 make_api() {
  csiem_exporter_v1 t = hostile::exporter();
  t.submit = nullptr;
  return t;
}

HOSTILE_EXPORTER("null_callback", make_api())
