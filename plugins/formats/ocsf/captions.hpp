// The fixed beginning of an event: class, category, activity and type with the captions of the schema.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <string>
#include <string_view>

#include "ocsf/taxonomy.hpp"

namespace csiem::ocsf {

// JSON members without the braces, rendered once from the tables. The activity's name is missing where it is `other`.
class Captions {
 public:
  Captions();
  std::string_view head(Class c, Activity a) const noexcept {
    return heads_[static_cast<std::size_t>(c)][static_cast<std::size_t>(a)];
  }

 private:
  std::array<std::array<std::string, kActivities>, kClasses> heads_;
};

}  // namespace csiem::ocsf
