// Any bytes as what a lane remembers over a restart: never a crash, and what is read is written as it was read.
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "delivery/remembered.hpp"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace csiem::delivery;
  const Remembered read = read_remembered({reinterpret_cast<const char*>(data), size});
  if (read.nothing()) return 0;
  if (read.hold && read.hold->kind == Hold::Kind::none) std::abort();
  if (!(read_remembered(write_remembered(read)) == read)) std::abort();
  return 0;
}
