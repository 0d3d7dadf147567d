// Any bytes as a block of the log, with the checksum left aside: never a crash, never a byte from outside of the block.
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "store/block.hpp"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace csiem::store;
  const std::string bytes(reinterpret_cast<const char*>(data), size);
  if (const auto block = BlockView::open(bytes, BlockView::Check::structure)) {
    uint64_t sum = 0;
    for (uint32_t i = 0; i < block->count(); ++i) {
      const std::string_view event = block->event(i);
      if (!event.empty() && (event.data() < bytes.data() || event.data() + event.size() > bytes.data() + bytes.size()))
        std::abort();
      if (block->severity(i) < 0 || block->severity(i) >= static_cast<int>(kSeverities)) std::abort();
      sum += event.size();
    }
    if (sum > bytes.size()) std::abort();
  }
  return 0;
}
