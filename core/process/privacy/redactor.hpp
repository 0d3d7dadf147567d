// The privacy rules, applied to events before the store sees them.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <string_view>

#include "event/batch.hpp"
#include "process/privacy/redaction_counts.hpp"
#include "process/privacy/settings.hpp"

namespace csiem::process {

// One thread; counts() may be read by any.
class Redactor {
 public:
  explicit Redactor(const PrivacySettings& settings);
  ~Redactor();
  Redactor(const Redactor&) = delete;
  Redactor& operator=(const Redactor&) = delete;

  // Applies the rules to the builder's events from `first` on: field lists first, then detectors over every text that
  // is left. The canonical text of an event that something was taken out of is written anew; any other keeps its bytes
  // and costs no allocation.
  void redact(event::BatchBuilder& batch, std::size_t first);

  // An input line that is no event, as it may be kept: detectors run over its first 64 KiB, with the escapes of JSON
  // undone. When there are field lists it is withheld, because nobody can tell its fields apart. Good until the next
  // call, and no longer than the line.
  std::string_view unread_line(std::string_view line);

  // The rules hash fields and there is no key yet: no event must be redacted then.
  bool needs_key() const;
  // A key of at least KeyedHash::kMinKeyBytes; false when it is shorter. From then on values are hashed with it.
  bool set_key(std::string_view key);

  const RedactionCounts& counts() const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace csiem::process
