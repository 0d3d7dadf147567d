// Its api table is too short to hold what is required.
#include "hostile.hpp"

static csiem_exporter_v1 make_api() {
  csiem_exporter_v1 t = hostile::exporter();
  t.struct_size = 8;
  return t;
}

HOSTILE_EXPORTER("tiny_struct", make_api())
