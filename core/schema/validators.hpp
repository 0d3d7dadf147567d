// The formats that have rules of their own.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <string_view>

#include "schema/validator.hpp"

namespace csiem::schema {

// What the format `cef` writes with custom_keys begins with it.
inline constexpr std::string_view kCefPrefix = "ClawdstrikeSiem";

// `quick`: a look in one pass first, which the usual event passes; without it every event is checked thoroughly.

// `name_space`: the top-level object for what ECS has no field for.
std::unique_ptr<Validator> make_ecs_validator(std::string_view name_space, bool quick = true);
std::unique_ptr<Validator> make_native_validator();
// `version`: which events must claim, 1.5.0 to 1.8.0. Versions between are held to what 1.5.0 has.
std::unique_ptr<Validator> make_ocsf_validator(std::string_view version, bool quick = true);
// `custom_prefix`: user-defined keys that begin with it are allowed; empty: none are.
std::unique_ptr<Validator> make_cef_validator(std::string_view custom_prefix, bool quick = true);

}  // namespace csiem::schema
