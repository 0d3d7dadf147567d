// The metadata of an event under the privacy rules.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "process/privacy/field_rules.hpp"
#include "process/privacy/keyed_hash.hpp"
#include "process/privacy/text_scanner.hpp"

namespace csiem::process {

// Follows a parser through the metadata text and writes what stays. One thread; keeps scratch memory.
class MetadataRewriter {
 public:
  // All must outlive the rewriter.
  MetadataRewriter(FieldRules& fields, TextScanner& texts, KeyedHash& hash, std::string_view replacement,
                   RedactionCounts::Counter* unreadable);
  ~MetadataRewriter();
  MetadataRewriter(const MetadataRewriter&) = delete;
  MetadataRewriter& operator=(const MetadataRewriter&) = delete;

  // `json` is one object. What is to be written instead, or nothing (data() is null) when every byte stays. Names,
  // strings and numbers at any depth are looked at when `scan`, and the field rules apply in any case. Text that does
  // not parse becomes an empty object. The answer is good until the next call.
  std::string_view rewritten(std::string_view json, bool scan);

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace csiem::process
