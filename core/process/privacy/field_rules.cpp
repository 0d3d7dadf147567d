#include "process/privacy/field_rules.hpp"

#include <algorithm>

namespace csiem::process {
namespace {

constexpr std::size_t kMovedDepth = 3;  // metadata.siem_source.extra

bool lies_in_moved(std::span<const std::string> path) {
  return path.size() > kMovedDepth && path[1] == "siem_source" && path[2] == "extra";
}

}  // namespace

FieldRules::FieldRules(const PrivacySettings& settings, RedactionCounts& counts) {
  using P = FieldSelector::Purpose;
  add(settings.drop_fields, "drop_fields", Action::drop, P::drop, counts);
  add(settings.redact_fields, "redact_fields", Action::redact, P::redact, counts);
  add(settings.hash_fields, "hash_fields", Action::hash, P::hash, counts);
  if (!settings.keep_fields.empty()) {
    add(settings.keep_fields, "keep_fields", Action::keep, P::keep, counts);
    left_out_ = counts.add_rule("keep_fields");
  }

  const std::vector<std::string> metadata = {"metadata"};
  const std::vector<std::string> labels = {"labels"};
  on_labels_ = on_metadata_ = keeps_only_named();
  for (const Rule& rule : rules_) {
    on_metadata_ = on_metadata_ || rule.selector.covers(metadata) || rule.selector.reaches_into(metadata);
    on_labels_ = on_labels_ || rule.selector.covers(labels) || rule.selector.reaches_into(labels);
  }
  for (const ModelField& field : model_fields()) {
    Ruling ruling{keeps_only_named() ? Action::drop : Action::leave, left_out_};
    for (const Rule& rule : rules_)
      if (rule.selector.covers(field)) {
        ruling = rule.ruling;
        break;
      }
    if (field.need == Need::fixed) ruling = {};
    if (field.need == Need::removable && (ruling.action == Action::redact || ruling.action == Action::hash))
      ruling.action = Action::drop;
    if (field.need == Need::required && ruling.action == Action::drop) ruling.action = Action::redact;
    on_model_ = on_model_ || (ruling.action != Action::leave && ruling.action != Action::keep);
    model_.push_back(ruling);
  }
  // What the mapping could not use of a member of the model lies in the metadata.
  on_metadata_ = on_metadata_ || on_model_;
}

void FieldRules::add(const std::vector<std::string>& list, std::string_view name, Action action,
                     FieldSelector::Purpose purpose, RedactionCounts& counts) {
  for (const auto& text : list) {
    auto parsed = FieldSelector::parse(text, purpose);
    if (!parsed.selector) continue;
    Ruling ruling{action, nullptr};
    if (action != Action::keep) ruling.counter = counts.add_rule(std::string(name) + ":" + text);
    rules_.push_back({std::move(*parsed.selector), ruling});
  }
}

Ruling FieldRules::label(std::string_view name) {
  label_path_[1] = name;
  for (const Rule& rule : rules_)
    if (rule.selector.covers(label_path_)) return rule.ruling;
  return {};
}

Ruling FieldRules::metadata(std::span<const std::string> path, bool scalar) {
  Ruling ruling = lies_in_moved(path) ? moved(path.subspan(kMovedDepth), scalar) : Ruling{};
  for (const Rule& rule : rules_)
    if (rule.ruling.action > ruling.action && rule.selector.names(path)) ruling = rule.ruling;
  return ruling;
}

// `path` was a place in the source's own event.
Ruling FieldRules::moved(std::span<const std::string> path, bool scalar) {
  moved_path_.assign(path.begin(), path.end());
  if (moved_path_.front() == "indicator") moved_path_.insert(moved_path_.begin(), "threat");
  Ruling ruling;
  for (const Rule& rule : rules_) {
    if (rule.ruling.action == Action::keep || rule.ruling.action <= ruling.action) continue;
    const bool any_depth = rule.selector.text().find("**") != std::string::npos;
    if (rule.selector.names(moved_path_) || (scalar && !any_depth && rule.selector.reaches_into(moved_path_)))
      ruling = rule.ruling;
  }
  return ruling;
}

}  // namespace csiem::process
