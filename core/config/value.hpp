// One value read as the type that its key takes. Private to this room.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "config/findings.hpp"
#include "config/node.hpp"
#include "config/spec.hpp"

namespace csiem::config {

using TextMap = std::vector<std::pair<std::string, std::string>>;
// Durations are int64_t ms, sizes uint64_t bytes, severities int64_t ranks.
using Value = std::variant<std::monostate, bool, int64_t, uint64_t, double, std::string, std::vector<std::string>,
                           std::vector<double>, TextMap>;

// Nothing when the value does not fit; then `findings` (if not null) knows why, and `name` is what it calls the key.
std::optional<Value> interpret(const Key& key, const Node& node, const std::string& name, const std::string& where,
                               Findings* findings);

// The default of the key; monostate when it has none.
Value fallback_value(const Key& key);

// Set to something that would change what the daemon does: true, a non-empty text, list or table.
bool is_active(const Node& node);

// A scalar of the environment or the command line as the type it looks like.
std::optional<int64_t> as_integer(const Node& node);
std::optional<double> as_real(const Node& node);
std::optional<bool> as_flag(const Node& node);
const std::string* as_text(const Node& node);

}  // namespace csiem::config
