// One secret out of a JSON document.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string_view>

#include "base/result.hpp"
#include "credentials/credential_store.hpp"

namespace csiem::credentials {

// The string under `field` of the object `document`. Memory that held parts of the document is wiped; error texts
// never hold any of it.
Result<SecretRef> json_field(std::string_view document, std::string_view field);

}  // namespace csiem::credentials
