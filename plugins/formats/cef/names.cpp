#include "cef/names.hpp"

#include <algorithm>
#include <iterator>
#include <string_view>

namespace csiem::cef {
namespace {

// By event type, the first for what is not in the vocabulary.
constexpr std::string_view kNames[] = {
    "Security event",
    "policy_violation|Policy violation",
    "policy_allow|Action allowed by policy",
    "guard_block|Guard blocked action",
    "guard_warn|Guard warning",
    "secret_detected|Secret detected",
    "egress_blocked|Network egress blocked",
    "forbidden_path|Forbidden path access",
    "patch_rejected|Patch rejected",
    "session_start|Agent session started",
    "session_end|Agent session ended",
};
static_assert(std::size(kNames) == CSIEM_TYPE_SESSION_END + 1);

constexpr std::size_t kMaxClassId = 1023;

char class_id_letter(char c) {
  if (c >= 'A' && c <= 'Z') return static_cast<char>(c + ('a' - 'A'));
  const bool plain = (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
  return plain ? c : '_';
}

}  // namespace

void class_and_name(Out& out, const csiem_event& event) noexcept {
  if (event.type > CSIEM_TYPE_UNKNOWN && event.type <= CSIEM_TYPE_SESSION_END) return out.raw(kNames[event.type]);
  const std::string_view word = view(event.type_name).substr(0, kMaxClassId);
  if (word.empty()) out.raw("unknown");
  for (const char c : word) out.byte(class_id_letter(c));
  out.byte('|');
  out.raw(kNames[CSIEM_TYPE_UNKNOWN]);
}

}  // namespace csiem::cef
