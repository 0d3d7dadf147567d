// Any bytes as what is read behind a checksum: a cursor's place, and a dead letter with its key. Never
// a crash, never a byte from outside, and what is taken for a record is written back as the same.
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "store/cursor_state.hpp"
#include "store/dead_letters.hpp"

namespace {

bool lies_in(std::string_view part, const std::string& all) {
  return part.empty() || (part.data() >= all.data() && part.data() + part.size() <= all.data() + all.size());
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace csiem::store;
  if (size == 0) return 0;
  // The first byte says where the key ends.
  const std::string bytes(reinterpret_cast<const char*>(data + 1), size - 1);
  const std::size_t cut = bytes.empty() ? 0 : data[0] % bytes.size();
  const std::string key = bytes.substr(0, cut), value = bytes.substr(cut);
  if (const auto letter = peek_letter(key, value)) {
    if (letter->sequence == 0) std::abort();
    if (!lies_in(letter->exporter, key)) std::abort();
    for (const std::string_view part : {letter->error_class, letter->reason, letter->json})
      if (!lies_in(part, value)) std::abort();
    if (letter_id(*letter).empty()) std::abort();
  }
  if (const auto state = CursorState::decode(bytes)) {
    const auto again = CursorState::decode(state->encode());
    if (!again || again->encode() != state->encode()) std::abort();
    const Ledger ledger = state->ledger(state->frontier());
    if (state->frontier() == 0 || ledger.accepted > state->frontier()) std::abort();
  }
  return 0;
}
