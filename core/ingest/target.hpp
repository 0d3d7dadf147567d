// What a record acted on: network targets, command lines, and the action words that tell which it is.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "ingest/record.hpp"

namespace csiem::ingest {

// Splits a URL, `host:port`, `[v6]:port` or bare host (events.md B.3) into a network resource; notes the URL without
// user info and ambiguous targets. `details` may name host and port, which win.
Resource network_resource(Context& c, std::string_view target, const Token* details);

// The resource that an action word and its target mean.
Resource resource_for(Context& c, std::string_view action, std::string_view target, const Token* details);

// "file_read" and other spellings of the same action to ours; other words stay as they are.
std::string_view normal_action(std::string_view word) noexcept;

// 0 to 65535 as a number, a whole float or a digit string; -1 for anything else.
int32_t port_of(const Token* token) noexcept;

// `word` and each of the elements of `arguments` (may be null), quoted for a POSIX shell, in the arena. Arguments that
// are no strings stand as their JSON text; nested arrays are not followed.
std::string_view command_line(Context& c, std::string_view word, const Token* arguments);

}  // namespace csiem::ingest
