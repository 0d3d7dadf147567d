// The objects of which OCSF events are made. Each writes one member, or nothing when the event has nothing for it.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <csiem/json.hpp>

#include "ocsf/source.hpp"

namespace csiem::ocsf {

// Leaves the member out when there is nothing to say.
inline void put(Json& j, std::string_view key, std::string_view value) {
  if (!value.empty()) j.text(key, value);
}
inline void put(Json& j, std::string_view key, csiem_str value) { put(j, key, view(value)); }

template <class... Strings>
bool any(const Strings&... strings) {
  return ((strings.len != 0) || ...);
}

void time_pair(Json& j, std::string_view key, std::string_view dt_key, const Moment& moment);
void actor(Json& j, const Source& s, bool with_user);
void device(Json& j, const Source& s);
void policy(Json& j, const Source& s);
void attacks(Json& j, const Source& s);

void file(Json& j, const Source& s);
void process(Json& j, const Source& s);
void endpoints(Json& j, const Source& s);  // dst_endpoint, src_endpoint, connection_info
void src_endpoint(Json& j, const Source& s);
void api(Json& j, const Source& s);
void entity(Json& j, const Source& s);
void app(Json& j, const Source& s);
void resources(Json& j, const Source& s);
void ai_model(Json& j, const Source& s);

void finding_info(Json& j, const Source& s);
void evidences(Json& j, const Source& s);

}  // namespace csiem::ocsf
