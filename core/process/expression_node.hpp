// The compiled form of an expression.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "process/expression.hpp"
#include "process/expression_fields.hpp"
#include "process/expression_literals.hpp"

namespace csiem::process {

// What a comparison or call looks at.
struct Subject {
  FieldType type = FieldType::text;
  csiem_str csiem_event::*member = nullptr;
  std::vector<std::string> path;  // names below metadata; the one label name; the path of an object
};

struct Literal {
  enum class Type { text, integer, real, boolean };
  Type type = Type::text;
  std::string text;
  int64_t integer = 0;  // also: rank of a severity, nanoseconds of a time or an age
  double real = 0;
  bool boolean = false;
};

struct Expression::Node {
  enum class Kind {
    constant,  // `truth`
    any_of,    // children
    all_of,    // children
    negate,    // children[0]
    compare,   // subject `op` literals[0]
    age,       // age of subject `op` literals[0].integer
    in,        // subject equals one of literals
    exists,
    glob,  // subject matches one of literals; so the next three
    starts_with,
    ends_with,
    contains,
    cidr  // subject lies in one of networks
  };
  enum class Op { equal, not_equal, less, less_equal, greater, greater_equal };

  Kind kind = Kind::constant;
  Op op = Op::equal;
  bool truth = true;
  Subject subject;
  std::vector<Literal> literals;
  std::vector<Network> networks;
  std::vector<Node> children;
};

}  // namespace csiem::process
