// Its api table claims to be larger than the plugin.
#include "hostile.hpp"

static csiem_exporter_v1 make_api() {
  csiem_exporter_v1 t = hostile::exporter();
  t.struct_size = 0xffffffffu;
  return t;
}

HOSTILE_EXPORTER("huge_struct", make_api())
