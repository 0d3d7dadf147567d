// The detectors of secrets and personal data that privacy.redact_patterns can name, and the rules for own patterns.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <span>
#include <string>
#include <string_view>

#include "process/privacy/validators.hpp"

namespace csiem::process {

struct Detector {
  std::string_view name, pattern;
  int group;                 // of the pattern: what is replaced; 0 is the whole match
  std::string_view trigger;  // found wherever the pattern is, see detectors.def
  Validator accept;
  std::string_view key;  // a member or label of such a name is replaced as a whole; empty: none is
};

std::span<const Detector> detectors();
const Detector* find_detector(std::string_view name);

// What is wrong with a pattern of the operator's, and where in its text.
struct PatternFault {
  std::string what;
  std::size_t offset = 0, length = 0;
};
// Nothing wrong: `what` is empty. A pattern must compile, must not match the empty text and must stay small.
PatternFault check_pattern(std::string_view pattern);

}  // namespace csiem::process
