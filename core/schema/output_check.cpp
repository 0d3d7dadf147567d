#include "schema/output_check.hpp"

#include <set>

#include "base/log.hpp"

namespace csiem::schema {
namespace {

constexpr std::size_t kMaxNamed = 8;  // violations of one event in a message

std::string text_of(const std::vector<Violation>& violations) {
  std::string out;
  for (std::size_t i = 0; i < violations.size() && i < kMaxNamed; ++i) {
    const Violation& one = violations[i];
    out += (i == 0 ? "" : "; ") + one.path + ": " + one.rule;
    if (!one.detail.empty()) out += " (" + one.detail + ")";
  }
  if (violations.size() > kMaxNamed) out += "; and " + std::to_string(violations.size() - kMaxNamed) + " more";
  return out;
}

}  // namespace

std::unique_ptr<OutputCheck> OutputCheck::make(std::string_view format, const OutputSettings& settings,
                                               std::string exporter) {
  if (settings.validate == Validation::off) return nullptr;
  auto rules = make_validator(format, settings);
  if (rules == nullptr) return nullptr;
  return std::make_unique<OutputCheck>(std::move(rules), settings.validate, std::move(exporter));
}

bool OutputCheck::passes(std::string_view encoded, std::string_view event_id, std::string& why) {
  if (rules_->check(encoded, found_)) {
    valid_.fetch_add(1, std::memory_order_relaxed);
    return true;
  }
  invalid_.fetch_add(1, std::memory_order_relaxed);
  std::string text = text_of(found_);
  count(event_id, text);
  found_.clear();
  if (!enforce_) return true;
  why = std::move(text);
  return false;
}

void OutputCheck::count(std::string_view event_id, const std::string& why) {
  std::set<std::string_view> rules;
  for (const Violation& one : found_) rules.insert(one.rule);
  std::string first_seen;
  {
    const std::lock_guard lock(mutex_);
    for (const std::string_view rule : rules)
      if (++by_rule_[std::string(rule)] == 1) first_seen += (first_seen.empty() ? "" : ", ") + std::string(rule);
  }
  if (first_seen.empty()) return;
  log::warn(4038, exporter_, "output breaks its schema, from now on only counted: " + why,
            {{"rules", first_seen}, {"event_id", event_id}, {"sent", enforce_ ? "no" : "yes"}});
}

std::vector<std::pair<std::string, uint64_t>> OutputCheck::violations() const {
  const std::lock_guard lock(mutex_);
  return {by_rule_.begin(), by_rule_.end()};
}

}  // namespace csiem::schema
