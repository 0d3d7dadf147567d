// Throws out of create.
#include <stdexcept>

#include "hostile.hpp"

static csiem_status create(const csiem_create_args*, void**, csiem_error*) { throw std::runtime_error("no mood"); }

static csiem_exporter_v1 make_api() {
  csiem_exporter_v1 t = hostile::exporter();
  t.create = &create;
  return t;
}

HOSTILE_EXPORTER("throws_in_create", make_api())
