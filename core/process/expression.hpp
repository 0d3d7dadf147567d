// The expression language of `when` (ux.md 6): small, total, compiled once, bounded cost.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <csiem/plugin.h>

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "base/result.hpp"

namespace csiem::process {

// Where in the text an expression is wrong.
struct ExpressionError {
  std::size_t offset;      // bytes
  std::size_t length;      // at least 1
  std::string what;        // "unknown field 'decison.severity'"
  std::string suggestion;  // "decision.severity", or empty
};

// A compiled expression. Immutable: share it between threads.
class Expression {
 public:
  struct Parsed;
  static Parsed parse(std::string_view text);

  Expression(Expression&&) noexcept;
  Expression& operator=(Expression&&) noexcept;
  ~Expression();

  // `now_unix_ns` is what age() counts from. Never fails: a missing field makes a comparison false (and != true).
  // Allocates nothing except when it has to look into metadata.
  bool matches(const csiem_event& event, int64_t now_unix_ns) const;

  struct Node;

 private:
  explicit Expression(std::unique_ptr<Node> root);
  std::unique_ptr<Node> root_;
};

struct Expression::Parsed {
  std::unique_ptr<Expression> expression;  // null when `error` holds
  ExpressionError error;
};

}  // namespace csiem::process
