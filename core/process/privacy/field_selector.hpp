// Which members of an event a privacy rule means.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "process/privacy/model_fields.hpp"

namespace csiem::process {

// A dotted path: "session.user_id", "metadata.principal.email", "labels.owner". `*` stands for one name, `**`, once
// at most, for any number of them: "metadata.**.password". A path that names an object means everything in it; arrays
// are looked through: "metadata.matches.redacted" is that member of every element. What follows "labels." is one name,
// dots included. Immutable.
class FieldSelector {
 public:
  // What the rule wants to do with the field.
  enum class Purpose { keep, drop, redact, hash };
  struct Parsed;
  // Refuses what can match nothing in the event model, and what names a member that the purpose cannot be for.
  static Parsed parse(std::string_view text, Purpose purpose);

  const std::string& text() const { return text_; }
  // Exactly this member, not one inside it.
  bool names(std::span<const std::string> path) const;
  // This member, or one that it lies in.
  bool covers(std::span<const std::string> path) const;
  // The member that is named may lie inside this one.
  bool reaches_into(std::span<const std::string> path) const;
  // covers(), for a member of the model.
  bool covers(const ModelField& field) const;

 private:
  std::string text_;
  std::vector<std::string> segments_;
};

struct FieldSelector::Parsed {
  std::optional<FieldSelector> selector;
  std::string problem, suggestion;  // of a text that is none; the suggestion may be empty
};

// "a.b.c" apart.
std::vector<std::string> path_segments(std::string_view path);

}  // namespace csiem::process
