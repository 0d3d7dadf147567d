// cred: references and literals in keys that hold secrets. Private to this room.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>

#include "config/findings.hpp"
#include "config/node.hpp"

namespace csiem::config {

bool is_reference(std::string_view text);

// Checks the value of a secret: a well-formed reference to a provider that there is, or a literal (warned about). The
// value is remembered as not to be shown.
void check_secret(const Node& node, const std::string& name, const std::string& where, Findings& findings);

// CS1032 for every string in `node` that is a reference.
void refuse_reference(const Node& node, const std::string& name, const std::string& where, Findings& findings);

}  // namespace csiem::config
