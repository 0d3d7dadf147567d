// Holds what a unit test expects against what an exporter made of the event.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/result.hpp"
#include "cli/rehearsal.hpp"
#include "config/test_file.hpp"

namespace csiem::cli {

// One thing that is not as expected. Texts are for people; secrets are not in them.
struct Mismatch {
  config::Origin origin;      // of the expectation
  std::string exporter;       // empty: of the event itself
  std::string what;           // "/rule/name", "sent", "setting index"
  std::string expected, got;  // one line each; empty: `detail` says it all
  std::string detail;         // lines: a diff, violations
};

// Appends what does not hold.
void check_expectation(const config::Expectation& expectation, const Rehearsed& rehearsed,
                       std::vector<Mismatch>& mismatches);

// The payload as a golden file has it: JSON with one member a line, any other text as it is; ends with a line feed.
std::string golden_text(const Rehearsed& rehearsed);

// Compares with the golden file of the expectation, or writes it: true when it was written.
Result<bool> update_golden(const config::Expectation& expectation, const Rehearsed& rehearsed);
void check_golden(const config::Expectation& expectation, const Rehearsed& rehearsed,
                  std::vector<Mismatch>& mismatches);

}  // namespace csiem::cli
