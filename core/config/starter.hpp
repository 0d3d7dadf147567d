// The text that `init` writes for one exporter.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "config/config.hpp"

namespace csiem::config {

struct Starter {
  std::string text;                      // a TOML table with comments; loads as it is
  std::vector<std::string> credentials;  // the names of the cred: references in it
};
// [exporters.TYPE] with the settings of the schema's first example, each behind its description, and every other
// setting as a comment with its default. Without an example: what is required, with credentials named after the type
// and the setting, and empty texts to fill in.
Starter exporter_starter(std::string_view type, const SettingsCatalog::Answer& answer);

}  // namespace csiem::config
