// Breaks nothing: the measure for the others.
#include "hostile.hpp"

HOSTILE_EXPORTER("nothing", hostile::exporter())
