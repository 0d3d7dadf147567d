// The usual OCSF event, checked in one pass. Private to this room.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>

#include "schema/ocsf_plan.hpp"

namespace csiem::schema {

class OcsfQuick {
 public:
  // `version`: which events must claim.
  explicit OcsfQuick(std::string_view version) : version_(version), plan_(ocsf::Plan::of(version)) {}
  // True: the event breaks no rule. False: it may, or it is unusual; ask the thorough check.
  bool accepts(std::string_view event) const noexcept;

 private:
  const std::string version_;
  const ocsf::Plan& plan_;
};

}  // namespace csiem::schema
