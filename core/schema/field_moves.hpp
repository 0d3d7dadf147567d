// [schema.field_mappings]: values of the event that an operator wants at another place of the output.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <csiem/plugin.h>

#include <atomic>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "schema/output_settings.hpp"

namespace csiem::schema {

// Why a mapping cannot be used.
struct MappingProblem {
  std::size_t index;                 // in the list
  bool at_target;                    // else the source is wrong
  std::string what;                  // "'observer.nam' is no field of ECS 8.17"
  std::vector<std::string> known;    // names to suggest from
  std::optional<std::size_t> other;  // the mapping that it collides with
};

// Source and target must exist, fit each other in kind, and be taken by nobody else. `format`: "ecs", "ocsf" or "cef".
std::vector<MappingProblem> check_mappings(std::string_view format, const std::vector<FieldMapping>& mappings,
                                           const OutputSettings& settings);

// Rewrites encoded events. After a move the value stands at its target and not at the format's usual place; the
// format's own namespace and the attached raw event stay as they are. A value that the target cannot take stays where
// it was and is counted. Compliant output stays compliant. One thread, but skipped() may be asked by any; keeps scratch
// memory.
class FieldMoves {
 public:
  virtual ~FieldMoves() = default;
  // Null when there are no mappings for the format. The mappings were checked.
  static std::unique_ptr<FieldMoves> make(std::string_view format, const OutputSettings& settings);

  // Appends the rewritten event.
  virtual void apply(const csiem_event& event, std::string_view encoded, csiem_writer& out) = 0;
  uint64_t skipped() const noexcept { return skipped_.load(std::memory_order_relaxed); }

 protected:
  void skip(uint64_t values) noexcept {
    if (values != 0) skipped_.fetch_add(values, std::memory_order_relaxed);
  }

 private:
  std::atomic<uint64_t> skipped_{0};
};

}  // namespace csiem::schema
