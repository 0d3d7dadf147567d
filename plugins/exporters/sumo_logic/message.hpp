// One event as one line, with its time first, where Sumo Logic looks for it.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <csiem/json.hpp>

#include <string>
#include <string_view>
#include <vector>

namespace csiem::sumo_logic {

enum class MessageFormat { json, text, key_value };

struct MessageRules {
  MessageFormat format = MessageFormat::json;
  std::vector<std::string> include, exclude;  // dotted paths; include empty: all
};

// Appends the line without its line feed. `json`: `body` is a JSON object, which begins anew with "timestamp" in
// milliseconds; otherwise the body follows the time as it is, in one line. False when it should be an object and is
// none.
bool write_message(const MessageRules& rules, const csiem_event& event, std::string_view body, bool json, Out& out);

}  // namespace csiem::sumo_logic
