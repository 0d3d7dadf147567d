// Whether observables[] name attributes of the class, and say what the event says there.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <boost/json/value.hpp>

#include <string>
#include <string_view>
#include <unordered_set>
#include <vector>

#include "schema/ocsf_schema.hpp"
#include "schema/validator.hpp"

namespace csiem::schema::ocsf {

using Profiles = std::unordered_set<std::string_view>;

// The attribute of that name, when it exists under these profiles; else null.
const Attribute* visible(const Item& item, std::string_view name, const Profiles& profiles);

// `event` is an object.
void check_observables(const boost::json::value& event, const Item& event_class, const Profiles& profiles,
                       std::vector<Violation>& out);

// A scalar as text, "true" or "7"; empty for everything else.
std::string scalar_text(const boost::json::value& value);

}  // namespace csiem::schema::ocsf
