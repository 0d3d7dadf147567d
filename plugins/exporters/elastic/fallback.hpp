// Documents that do not fit the mapping, once more in a form that always fits.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <csiem/sdk/request.hpp>

#include <string>
#include <string_view>
#include <vector>

namespace csiem::elastic {

// What of a verdict is worth a second form: documents that the mapping refused. Positions in `except`.
std::vector<std::size_t> mapping_errors(const Verdict& verdict);

// {"@timestamp":…,"event":{"id":…,"original":…},"error":{"message":…},"tags":["mapping_error"]}
std::string fallback_document(const csiem_event& event, std::string_view body, std::string_view reason);

}  // namespace csiem::elastic
