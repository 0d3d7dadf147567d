// What is taken out of events before anything is stored: [privacy] of the configuration.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <utility>
#include <vector>

namespace csiem::process {

// Plain data, checked by the loader: selectors and patterns parse, detectors exist.
struct PrivacySettings {
  std::vector<std::string> keep_fields;  // not empty: everything else goes
  std::vector<std::string> drop_fields;  // selectors, see field_selector.hpp
  std::vector<std::string> redact_fields;
  std::vector<std::string> hash_fields;
  std::vector<std::string> detectors;                         // names of detectors.def
  std::vector<std::pair<std::string, std::string>> patterns;  // of the operator: name, RE2 expression
  std::string replacement = "[REDACTED]";

  bool field_rules() const {
    return !keep_fields.empty() || !drop_fields.empty() || !redact_fields.empty() || !hash_fields.empty();
  }
  bool text_rules() const { return !detectors.empty() || !patterns.empty(); }
};

}  // namespace csiem::process
