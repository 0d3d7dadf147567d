// Built with the first edition of the interface: its api table ends after cancel, garbage follows. Must work.
#include "hostile.hpp"

static csiem_exporter_v1 make_api() {
  csiem_exporter_v1 t = hostile::exporter();
  t.struct_size = offsetof(csiem_exporter_v1, cancel) + sizeof t.cancel;
  std::memset(&t.health, 0x5a, sizeof t - t.struct_size);
  return t;
}

HOSTILE_EXPORTER("short_struct", make_api())
