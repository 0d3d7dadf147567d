// The formats that have rules of their own.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>

#include "schema/validator.hpp"

namespace csiem::schema {

std::unique_ptr<Validator> make_ecs_validator();
std::unique_ptr<Validator> make_native_validator();

}  // namespace csiem::schema
