#include "base/core_dumps.hpp"

#include <sys/prctl.h>
#include <sys/resource.h>

namespace csiem {

void forbid_core_dumps() noexcept {
  // Lowering and clearing cannot fail. The limit alone does not hold back a dump that goes to a pipe (core(5)).
  constexpr rlimit kNone{0, 0};
  (void)::setrlimit(RLIMIT_CORE, &kNone);
  (void)::prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
}

}  // namespace csiem
