#include "base/fault_point.hpp"

#if defined(CSIEM_FAULT_POINTS)

#include <unistd.h>

#include <atomic>
#include <csignal>
#include <cstdlib>
#include <string>
#include <string_view>

namespace csiem {
namespace {

struct Fault {
  std::string name;
  int pass = 0;
  bool kill = false;
  unsigned sleep_ms = 0;
};

Fault read_fault() {
  Fault fault;
  const char* text = std::getenv("CLAWDSTRIKE_SIEM_FAULT");
  if (text == nullptr) return fault;
  const std::string all = text;
  const auto first = all.find(':'), second = all.find(':', first + 1);
  if (first == std::string::npos || second == std::string::npos) return fault;
  fault.name = all.substr(0, first);
  fault.pass = std::atoi(all.c_str() + first + 1);
  const std::string action = all.substr(second + 1);
  fault.kill = action == "kill";
  if (action.starts_with("sleep=")) fault.sleep_ms = static_cast<unsigned>(std::atoi(action.c_str() + 6));
  return fault;
}

}  // namespace

void pass_fault_point(const char* name) {
  static const Fault fault = read_fault();
  static std::atomic<int> passes{0};
  if (fault.name != name || ++passes != fault.pass) return;
  if (fault.kill) ::kill(::getpid(), SIGKILL);
  if (fault.sleep_ms > 0) ::usleep(fault.sleep_ms * 1000);
}

}  // namespace csiem

#endif
