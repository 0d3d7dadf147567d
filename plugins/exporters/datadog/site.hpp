// Where a Datadog site is reached.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>

namespace csiem::datadog {

// The bare site out of what people paste: "https://app.datadoghq.eu/" is datadoghq.eu. There is no list of known sites,
// since one more opens now and then; but nothing is guessed either, as a guess would send data to another country.
// Throws std::invalid_argument when it is no host name.
std::string site_name(std::string_view text);

inline std::string intake_of(std::string_view site) { return "https://http-intake.logs." + std::string(site); }
inline std::string api_of(std::string_view site) { return "https://api." + std::string(site); }

}  // namespace csiem::datadog
