// The check of what a lane is about to send.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <atomic>
#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "schema/validator.hpp"

namespace csiem::schema {

// Counts violations by rule; says each rule once. passes() belongs to the lane's thread, the counts to any.
class OutputCheck {
 public:
  // Null when there is nothing to check: validation is off, or the format has no rules.
  static std::unique_ptr<OutputCheck> make(std::string_view format, const OutputSettings& settings,
                                           std::string exporter);
  OutputCheck(std::unique_ptr<Validator> rules, Validation mode, std::string exporter)
      : rules_(std::move(rules)), enforce_(mode == Validation::enforce), exporter_(std::move(exporter)) {}

  // False: the bytes must not be sent; then `why` holds the violations. Allocates only for what breaks its schema.
  bool passes(std::string_view encoded, std::string_view event_id, std::string& why);

  uint64_t valid() const noexcept { return valid_.load(std::memory_order_relaxed); }
  uint64_t invalid() const noexcept { return invalid_.load(std::memory_order_relaxed); }
  // Events by rule that they broke.
  std::vector<std::pair<std::string, uint64_t>> violations() const;

 private:
  void count(std::string_view event_id, const std::string& why);

  const std::unique_ptr<Validator> rules_;
  const bool enforce_;
  const std::string exporter_;
  std::vector<Violation> found_;
  std::atomic<uint64_t> valid_{0}, invalid_{0};
  mutable std::mutex mutex_;
  std::map<std::string, uint64_t> by_rule_;
};

}  // namespace csiem::schema
