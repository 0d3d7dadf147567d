// Finds secrets and personal data in texts and replaces them.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "process/privacy/redaction_counts.hpp"
#include "process/privacy/settings.hpp"

namespace csiem::process {

// The detectors and own patterns of the settings, compiled. One thread; keeps scratch memory, so that texts in which
// nothing is found cost no allocation.
class TextScanner {
 public:
  // `counts` must outlive the scanner. Unknown detectors and bad patterns are left out: the loader has refused them.
  TextScanner(const PrivacySettings& settings, RedactionCounts& counts);
  ~TextScanner();
  TextScanner(const TextScanner&) = delete;
  TextScanner& operator=(const TextScanner&) = delete;

  bool idle() const;  // nothing is looked for
  // Whether some part of an event may hold a find. `texts` holds its texts with line feeds between them, keys followed
  // by a colon, and at the end `json`, as it stands. Errs on the side of true.
  bool may_find(std::string_view texts, std::string_view json);
  // The text with every find replaced, or null when there is none. `key` names the member or label that the text is
  // the value of: "password" makes any value a find. The answer is good until the next call.
  const std::string* cleaned(std::string_view text, std::string_view key = {});

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace csiem::process
