// Stands in for the expression language where the room `process` is built without it: knows a field by its first name.
#include <set>

#include "process/expression.hpp"

namespace csiem::process {

struct Expression::Node {};

Expression::Expression(std::unique_ptr<Node> root) : root_(std::move(root)) {}
Expression::Expression(Expression&&) noexcept = default;
Expression& Expression::operator=(Expression&&) noexcept = default;
Expression::~Expression() = default;
bool Expression::matches(const csiem_event&, int64_t) const { return true; }

Expression::Parsed Expression::parse(std::string_view text) {
  Parsed out;
  const std::size_t end = text.find_first_of(" .(");
  const std::string first(text.substr(0, end));
  static const std::set<std::string> kKnown = {"decision", "event_type", "session", "resource", "true"};
  if (kKnown.count(first) != 0) {
    out.expression = std::unique_ptr<Expression>(new Expression(std::make_unique<Node>()));
  } else {
    const std::size_t length = std::min(text.find(' '), text.size());
    out.error = {0, length, "unknown field '" + std::string(text.substr(0, length)) + "'",
                 "decision" + std::string(text.substr(end, length - end))};
  }
  return out;
}

}  // namespace csiem::process
