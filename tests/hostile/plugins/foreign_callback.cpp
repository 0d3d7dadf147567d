// Its destroy is a function of another object.
#include <cstdlib>

#include "hostile.hpp"

static csiem_exporter_v1 make_api() {
  csiem_exporter_v1 t = hostile::exporter();
  t.destroy = &std::free;
  return t;
}

HOSTILE_EXPORTER("foreign_callback", make_api())
