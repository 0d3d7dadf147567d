#include "store/crc32c.hpp"

#include <boost/crc.hpp>
#include <cstring>

namespace csiem::store {
namespace {

using Table = boost::crc_optimal<32, 0x1EDC6F41, 0, 0xFFFFFFFF, true, true>;

#if defined(__x86_64__)
__attribute__((target("sse4.2"))) uint32_t crc32c_instruction(std::string_view bytes, uint32_t before) noexcept {
  uint64_t crc = ~before;
  const char* at = bytes.data();
  std::size_t left = bytes.size();
  for (; left >= 8; at += 8, left -= 8) {
    uint64_t word;
    std::memcpy(&word, at, 8);
    crc = __builtin_ia32_crc32di(crc, word);
  }
  auto narrow = static_cast<uint32_t>(crc);
  for (; left > 0; ++at, --left) narrow = __builtin_ia32_crc32qi(narrow, static_cast<unsigned char>(*at));
  return ~narrow;
}
#endif

}  // namespace

uint32_t crc32c_portable(std::string_view bytes, uint32_t before) noexcept {
  // The library's remainder is unreflected: it is turned round on the way in and out.
  const auto reflect = [](uint32_t v) {
    uint32_t out = 0;
    for (int bit = 0; bit < 32; ++bit) out |= ((v >> bit) & 1U) << (31 - bit);
    return out;
  };
  Table crc(reflect(~before));
  crc.process_bytes(bytes.data(), bytes.size());
  return crc.checksum();
}

uint32_t crc32c(std::string_view bytes, uint32_t before) noexcept {
#if defined(__x86_64__)
  static const bool fast = __builtin_cpu_supports("sse4.2") != 0;
  if (fast) return crc32c_instruction(bytes, before);
#endif
  return crc32c_portable(bytes, before);
}

}  // namespace csiem::store
