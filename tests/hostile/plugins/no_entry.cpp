// Announces a component and exports nothing.
#include "hostile.hpp"

HOSTILE_NOTE("no_entry");
