// From what a source decided to what the event says about it (events.md B.2, C.1).
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "ingest/record.hpp"

namespace csiem::ingest {

// "denied" in any case is block; words outside the lists are unknown.
Disposition disposition_of_word(std::string_view word) noexcept;
// "Warning", "warn", "medium" and their like: an allowed record with that severity is a warning.
bool is_warning(std::string_view severity_word) noexcept;
// Of records with a boolean `allowed` and a severity: absent or odd values are unknown.
Disposition disposition_of(const Token* allowed, std::string_view severity_word) noexcept;

event::Outcome outcome_of(Disposition disposition) noexcept;
event::Severity default_severity(Disposition disposition, event::GuardClass guard) noexcept;
event::EventType event_type_of(Disposition disposition, std::string_view action, std::string_view guard_name,
                               event::GuardClass guard, event::ResourceType resource) noexcept;

// The pattern that a guard's details name: a secret's first match, a prompt guard's first signal.
Indicator indicator_of_details(const Token* details, std::string_view guard) noexcept;

// "file_write blocked", for records that give no reason; in the arena.
csiem_str reason_from_action(Arena& arena, std::string_view action, std::string_view verb);

void set_category(csiem_event& event, event::Category category, bool seed_only) noexcept;

}  // namespace csiem::ingest
