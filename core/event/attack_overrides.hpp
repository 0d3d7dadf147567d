// Rows of an operator that stand in the place of our ATT&CK tables.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "event/attack.hpp"

namespace csiem::event {

// Immutable once parsed. One row a line, words split by blanks, `#` begins a comment:
//   guard         resource  tactic  technique
//   secret_leak   file      TA0006  T1552.001
//   my_guard      any       TA0002  T1059
//   watermark     any       -       -
class AttackOverrides {
 public:
  struct Row {
    std::string guard;                     // lower case; known guards match in every spelling
    GuardClass known = GuardClass::other;  // `guard` when we know it
    std::optional<ResourceType> resource;  // none: any
    std::string tactic, technique;         // both empty: such events carry none
  };
  // Where a row is wrong: line and column from 1, both and the length in code points.
  struct Problem {
    uint32_t line, column, length;
    std::string what, hint;
  };

  // Rows with a problem are left out.
  static AttackOverrides parse(std::string_view text, std::vector<Problem>& problems);

  // The first row that fits; null: our own tables decide. Does not allocate.
  const Row* find(GuardClass known, std::string_view guard, ResourceType resource) const noexcept;
  const std::vector<Row>& rows() const noexcept { return rows_; }

 private:
  std::vector<Row> rows_;
};

}  // namespace csiem::event
