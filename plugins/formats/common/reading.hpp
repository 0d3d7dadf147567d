// How every schema reads an event: what it is about, and whether it reports a finding (schemas.md 3).
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <csiem/json.hpp>

#include <string_view>

namespace csiem::formats {

// What the event is about; `none` when neither resource nor category says.
enum class Base { none, file, network, process, tool, configuration };

inline Base base_of(const csiem_event& event) noexcept {
  switch (event.resource_type) {
    case CSIEM_RESOURCE_FILE:
      return Base::file;
    case CSIEM_RESOURCE_NETWORK:
      return Base::network;
    case CSIEM_RESOURCE_PROCESS:
      return Base::process;
    case CSIEM_RESOURCE_TOOL:
      return Base::tool;
    case CSIEM_RESOURCE_CONFIGURATION:
      return Base::configuration;
    default:
      break;
  }
  switch (event.category) {
    case CSIEM_CATEGORY_FILE:
      return Base::file;
    case CSIEM_CATEGORY_NETWORK:
      return Base::network;
    case CSIEM_CATEGORY_PROCESS:
      return Base::process;
    case CSIEM_CATEGORY_TOOL:
      return Base::tool;
    case CSIEM_CATEGORY_CONFIGURATION:
      return Base::configuration;
    default:
      return Base::none;
  }
}

// Decided by the event's type. An event of unknown type is a finding when it was denied.
inline bool is_finding(const csiem_event& event) noexcept {
  switch (event.type) {
    case CSIEM_TYPE_POLICY_VIOLATION:
    case CSIEM_TYPE_GUARD_BLOCK:
    case CSIEM_TYPE_GUARD_WARN:
    case CSIEM_TYPE_SECRET_DETECTED:
    case CSIEM_TYPE_EGRESS_BLOCKED:
    case CSIEM_TYPE_FORBIDDEN_PATH:
    case CSIEM_TYPE_PATCH_REJECTED:
      return true;
    case CSIEM_TYPE_POLICY_ALLOW:
    case CSIEM_TYPE_SESSION_START:
    case CSIEM_TYPE_SESSION_END:
      return false;
    default:
      return event.decision_allowed == 0;
  }
}

inline bool is_session(const csiem_event& event) noexcept {
  return event.type == CSIEM_TYPE_SESSION_START || event.type == CSIEM_TYPE_SESSION_END;
}

// The first that says something.
inline std::string_view first_of(csiem_str a, csiem_str b) noexcept { return view(a.len != 0 ? a : b); }

// What a network event went to, as written; the path of a file, or its name when there is no path.
inline std::string_view endpoint_of(const csiem_event& event) noexcept {
  return first_of(event.resource_host, event.resource_name);
}
inline std::string_view path_of(const csiem_event& event) noexcept {
  return first_of(event.resource_path, event.resource_name);
}

inline bool has_port(const csiem_event& event) noexcept {
  return event.resource_port >= 0 && event.resource_port <= 65535;
}

// The outcome in lower case, as ECS and CEF write it.
inline std::string_view outcome_word(int32_t outcome) noexcept {
  if (outcome == CSIEM_OUTCOME_SUCCESS) return "success";
  return outcome == CSIEM_OUTCOME_FAILURE ? "failure" : "unknown";
}

}  // namespace csiem::formats
