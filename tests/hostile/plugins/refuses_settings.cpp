// Refuses to be created, with an error that is longer than its own storage and not UTF-8.
#include "hostile.hpp"

static csiem_status create(const csiem_create_args*, void**, csiem_error* error) {
  std::memset(error->text, 0xff, sizeof error->text);
  std::memcpy(error->text, "bad endpoint", 12);
  error->len = 0xffffffffu;
  return CSIEM_E_INVALID;
}

static csiem_exporter_v1 make_api() {
  csiem_exporter_v1 t = hostile::exporter();
  t.create = &create;
  return t;
}

HOSTILE_EXPORTER("refuses_settings", make_api())
