// Does an encoded event obey the schema it names?
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "schema/output_settings.hpp"

namespace csiem::schema {

struct Violation {
  std::string path;    // "event.category"
  std::string rule;    // "not_an_array"
  std::string detail;  // "string"
};

// Checks one encoded event at a time. One thread; keeps scratch memory.
class Validator {
 public:
  virtual ~Validator() = default;
  // Appends what is wrong; returns true when nothing is.
  virtual bool check(std::string_view encoded, std::vector<Violation>& violations) = 0;
};

// The strict rules of a format ("ecs", "native", "ocsf", "cef") with these settings; null when there are none for it.
std::unique_ptr<Validator> make_validator(std::string_view format, const OutputSettings& settings = {});

}  // namespace csiem::schema
