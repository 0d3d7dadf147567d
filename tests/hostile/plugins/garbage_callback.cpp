// Its submit points nowhere.
#include "hostile.hpp"

static csiem_exporter_v1 make_api() {
  csiem_exporter_v1 t = hostile::exporter();
  const uintptr_t garbage = 0xdeadbeef0;
  std::memcpy(&t.submit, &garbage, sizeof garbage);
  return t;
}

HOSTILE_EXPORTER("garbage_callback", make_api())
