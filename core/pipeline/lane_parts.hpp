// What a lane is made of, as far as the configuration and the plugins say it.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "base/result.hpp"
#include "config/config.hpp"
#include "delivery/lane.hpp"
#include "plugin/registry.hpp"
#include "schema/schema_registry.hpp"

namespace csiem::pipeline {

// The exporter's settings, plugin and format, with what the output settings do to it. Without cursor, clock and
// credentials. Fails when a plugin cannot be used. `plugins` must outlive the lane.
Result<delivery::LaneParts> lane_parts(const config::Exporter& exporter, plugin::Registry& plugins,
                                       schema::SchemaRegistry& schemas, const std::string& default_format);

}  // namespace csiem::pipeline
