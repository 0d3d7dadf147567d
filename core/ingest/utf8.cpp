#include "ingest/utf8.hpp"

#include <cstdint>

namespace csiem::ingest {
namespace {

struct Step {
  std::size_t length;  // bytes of the sequence, or of the ill-formed part
  bool ok;
};

// Looks at the sequence that starts with the non-ASCII byte text[i].
Step step_at(std::string_view text, std::size_t i) noexcept {
  const auto at = [&](std::size_t k) { return static_cast<uint8_t>(text[k]); };
  const uint8_t lead = at(i);
  std::size_t need = 0;
  uint8_t low = 0x80;
  uint8_t high = 0xbf;
  if (lead >= 0xc2 && lead <= 0xdf) {
    need = 1;
  } else if (lead >= 0xe0 && lead <= 0xef) {
    need = 2;
    if (lead == 0xe0) low = 0xa0;
    if (lead == 0xed) high = 0x9f;
  } else if (lead >= 0xf0 && lead <= 0xf4) {
    need = 3;
    if (lead == 0xf0) low = 0x90;
    if (lead == 0xf4) high = 0x8f;
  } else {
    return {1, false};
  }
  for (std::size_t k = 1; k <= need; ++k) {
    if (i + k >= text.size() || at(i + k) < low || at(i + k) > high) return {k, false};
    low = 0x80;
    high = 0xbf;
  }
  return {need + 1, true};
}

}  // namespace

bool repair_utf8(std::string_view text, std::string& out) {
  out.clear();
  bool repaired = false;
  std::size_t copied = 0;
  for (std::size_t i = 0; i < text.size();) {
    if (static_cast<unsigned char>(text[i]) < 0x80) {
      ++i;
      continue;
    }
    const Step step = step_at(text, i);
    if (!step.ok) {
      out.append(text, copied, i - copied);
      out.append("\xef\xbf\xbd");
      copied = i + step.length;
      repaired = true;
    }
    i += step.length;
  }
  if (repaired) out.append(text, copied, std::string_view::npos);
  return repaired;
}

}  // namespace csiem::ingest
