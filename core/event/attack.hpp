// Guard classes and the MITRE ATT&CK techniques that blocked and warned events point to.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "event/vocabulary.hpp"

namespace csiem::event {

// The ATT&CK release that the tables follow.
inline constexpr std::string_view kAttackVersion = "18.0";

// What a guard name means, whatever its spelling. Guards that we have no row for are `other`.
enum class GuardClass : uint8_t {
  other,
#define X(name, text, severity, file, network, rest) name,
#include "event/guards.def"
#undef X
};
GuardClass guard_class(std::string_view guard) noexcept;
// The class's own name, in static storage; empty for `other`.
std::string_view text(GuardClass guard) noexcept;
// The severity of a block whose source states none.
Severity block_severity(GuardClass guard) noexcept;

// Texts in static storage.
struct Technique {
  std::string_view id, tactic, name, parent_name;
};
// Null when we do not use that id. Blanks and case must be those of ATT&CK: "T1552.004".
const Technique* find_technique(std::string_view id) noexcept;
// Empty when the id is no tactic of ours: "TA0006" is "Credential Access".
std::string_view tactic_name(std::string_view id) noexcept;
// The id for a tactic's id or name in any case, words split by blanks, `-` or `_`; empty when there is no such tactic.
std::string_view tactic_id(std::string_view id_or_name) noexcept;

// What the rules look at. All texts as in the event.
struct AttackSubject {
  GuardClass guard = GuardClass::other;
  ResourceType resource = ResourceType::unknown;
  std::string_view action, name, host, reason;
  int32_t port = -1;  // -1: unknown, counts as 443
};
// The technique of a blocked or warned event, or null. Does not allocate.
const Technique* attack_technique(const AttackSubject& subject) noexcept;

}  // namespace csiem::event
