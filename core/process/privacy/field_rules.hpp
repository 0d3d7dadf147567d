// The field lists of [privacy], compiled: what happens to each member of an event.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "process/privacy/field_selector.hpp"
#include "process/privacy/redaction_counts.hpp"
#include "process/privacy/settings.hpp"

namespace csiem::process {

// In ascending strength: of several rulings the last one counts.
enum class Action {
  leave,   // no list names it
  keep,    // keep_fields names it
  hash,    // replaced by its keyed hash
  redact,  // replaced
  drop,    // removed
};

struct Ruling {
  Action action = Action::leave;
  RedactionCounts::Counter* counter = nullptr;  // of the rule; null when the member stays
};

// One thread; keeps scratch paths.
class FieldRules {
 public:
  // `counts` must outlive the rules. Selectors that do not parse are left out: the loader has refused them.
  FieldRules(const PrivacySettings& settings, RedactionCounts& counts);

  // Parallel to model_fields(), with what keep_fields means for those that it does not name.
  std::span<const Ruling> model() const { return model_; }
  bool on_model() const { return on_model_; }
  bool on_labels() const { return on_labels_; }
  bool on_metadata() const { return on_metadata_; }
  // What is not named goes, and is counted here.
  bool keeps_only_named() const { return left_out_ != nullptr; }
  RedactionCounts::Counter* left_out() const { return left_out_; }

  Ruling label(std::string_view name);
  // `path` begins with "metadata". The ruling of this very member; those it lies in were asked before. The same rules
  // hold for what the mapping moved out of the model to metadata.siem_source.extra; a `scalar` that it moved there in
  // place of an object stands for all that a rule names inside the object.
  Ruling metadata(std::span<const std::string> path, bool scalar);

 private:
  struct Rule {
    FieldSelector selector;
    Ruling ruling;
  };
  void add(const std::vector<std::string>& list, std::string_view name, Action action, FieldSelector::Purpose purpose,
           RedactionCounts& counts);
  Ruling moved(std::span<const std::string> path, bool scalar);

  std::vector<Rule> rules_;  // strongest first
  std::vector<Ruling> model_;
  RedactionCounts::Counter* left_out_ = nullptr;
  bool on_model_ = false, on_labels_ = false, on_metadata_ = false;
  std::vector<std::string> label_path_ = {"labels", ""};
  std::vector<std::string> moved_path_;
};

}  // namespace csiem::process
