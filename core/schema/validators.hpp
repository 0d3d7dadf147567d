// The formats that have rules of their own.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <string_view>

#include "schema/validator.hpp"

namespace csiem::schema {

std::unique_ptr<Validator> make_ecs_validator();
std::unique_ptr<Validator> make_native_validator();
// `version`: which events must claim, 1.5.0 to 1.8.0. Versions between are held to what 1.5.0 has.
std::unique_ptr<Validator> make_ocsf_validator(std::string_view version);
// `custom_prefix`: user-defined keys that begin with it are allowed; empty: none are.
std::unique_ptr<Validator> make_cef_validator(std::string_view custom_prefix);

}  // namespace csiem::schema
