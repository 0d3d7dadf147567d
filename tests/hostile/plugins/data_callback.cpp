// Its cancel points into its own data.
#include "hostile.hpp"

static uint64_t not_code[4] = {1, 2, 3, 4};

static csiem_exporter_v1 make_api() {
  csiem_exporter_v1 t = hostile::exporter();
  const void* data = not_code;
  std::memcpy(&t.cancel, &data, sizeof data);
  return t;
}

HOSTILE_EXPORTER("data_callback", make_api())
