#include "process/expression.hpp"

#include <algorithm>
#include <span>
#include <utility>

#include "process/expression_metadata.hpp"
#include "process/expression_node.hpp"
#include "process/expression_parser.hpp"
#include "process/filter_guard.hpp"

namespace csiem::process {
namespace {

using Node = Expression::Node;

// Everything one evaluation needs. The scratch text allocates only when metadata is looked into.
struct Context {
  const csiem_event& event;
  int64_t now_unix_ns;
  std::string& scratch;
};

Value text_value(csiem_str s) {
  Value value;
  if (s.ptr == nullptr) return value;
  value.type = Value::Type::text;
  value.text = {s.ptr, s.len};
  return value;
}

Value integer_value(int64_t number) {
  Value value;
  value.type = Value::Type::integer;
  value.integer = number;
  return value;
}

// A severity and a time are compared by `integer`, everything else by the member of its type.
Value read(const Subject& subject, const Context& in) {
  const csiem_event& event = in.event;
  switch (subject.type) {
    case FieldType::text:
    case FieldType::guard:
    case FieldType::hash:
      return text_value(event.*subject.member);
    case FieldType::severity: {
      Value value = text_value(event.severity_name);
      value.type = Value::Type::text;
      value.integer = event.severity;
      return value;
    }
    case FieldType::time: {
      const bool ingested = subject.member == nullptr;
      Value value = ingested ? Value{} : text_value(event.*subject.member);
      value.integer = ingested ? event.ingested_unix_ns : event.time_unix_ns;
      value.type = value.integer == 0 && ingested ? Value::Type::missing : Value::Type::text;
      return value;
    }
    case FieldType::boolean: {
      Value value;
      value.type = Value::Type::boolean;
      value.boolean = event.decision_allowed != 0;
      return value;
    }
    case FieldType::port:
      return event.resource_port < 0 ? Value{} : integer_value(event.resource_port);
    case FieldType::label:
      for (const csiem_kv& label : std::span(event.labels, event.label_count))
        if (std::string_view(label.key.ptr, label.key.len) == subject.path[0]) return text_value(label.value);
      return {};
    case FieldType::metadata:
      if (event.metadata_json.ptr == nullptr) return {};
      return find_in_metadata({event.metadata_json.ptr, event.metadata_json.len}, subject.path, in.scratch);
    case FieldType::object: {
      Value value;
      if (object_present(subject.path[0], event)) value.type = Value::Type::other;
      return value;
    }
  }
  return {};
}

template <class T>
bool ordered(Node::Op op, const T& a, const T& b) {
  switch (op) {
    case Node::Op::equal:
      return a == b;
    case Node::Op::not_equal:
      return !(a == b);
    case Node::Op::less:
      return a < b;
    case Node::Op::less_equal:
      return a <= b;
    case Node::Op::greater:
      return a > b;
    case Node::Op::greater_equal:
      return a >= b;
  }
  return false;
}

bool compare_text(FieldType type, Node::Op op, const Value& value, const Literal& literal) {
  if (type == FieldType::severity || type == FieldType::time) return ordered(op, value.integer, literal.integer);
  const bool equality = op == Node::Op::equal || op == Node::Op::not_equal;
  if (equality && type == FieldType::guard) return in_guard_class(value.text, literal.text) == (op == Node::Op::equal);
  if (equality && type == FieldType::hash)
    return same_ascii(hash_digits(value.text), literal.text) == (op == Node::Op::equal);
  return ordered(op, value.text, std::string_view(literal.text));
}

// Whole numbers are compared exactly; a fraction on either side makes it a comparison of doubles.
bool compare_number(Node::Op op, const Value& value, const Literal& literal) {
  const bool whole_literal = literal.type == Literal::Type::integer;
  if (value.type == Value::Type::integer && whole_literal) return ordered(op, value.integer, literal.integer);
  if (value.type == Value::Type::unsigned_integer && whole_literal) return ordered(op, 1, 0);  // above every int64_t
  const double number = value.type == Value::Type::integer            ? static_cast<double>(value.integer)
                        : value.type == Value::Type::unsigned_integer ? static_cast<double>(value.unsigned_integer)
                                                                      : value.real;
  return ordered(op, number, literal.real);
}

// A missing value, and one of another type, equals nothing and is neither less nor greater.
bool compare(FieldType type, Node::Op op, const Value& value, const Literal& literal) {
  const bool different = op == Node::Op::not_equal;
  switch (value.type) {
    case Value::Type::missing:
    case Value::Type::other:
      return different;
    case Value::Type::text:
      return literal.type == Literal::Type::text ? compare_text(type, op, value, literal) : different;
    case Value::Type::integer:
    case Value::Type::unsigned_integer:
    case Value::Type::real:
      return literal.type == Literal::Type::integer || literal.type == Literal::Type::real
                 ? compare_number(op, value, literal)
                 : different;
    case Value::Type::boolean:
      if (literal.type != Literal::Type::boolean || (op != Node::Op::equal && !different)) return different;
      return (value.boolean == literal.boolean) != different;
  }
  return different;
}

bool text_call(Node::Kind kind, std::string_view text, std::string_view argument) {
  switch (kind) {
    case Node::Kind::glob:
      return glob_match(argument, text);
    case Node::Kind::starts_with:
      return text.starts_with(argument);
    case Node::Kind::ends_with:
      return text.ends_with(argument);
    default:
      return text.find(argument) != std::string_view::npos;
  }
}

bool age_matches(const Node& node, const Context& in) {
  const Value time = read(node.subject, in);
  if (time.type == Value::Type::missing) return node.op == Node::Op::not_equal;
  int64_t age_ns = 0;
  if (__builtin_sub_overflow(in.now_unix_ns, time.integer, &age_ns)) age_ns = time.integer < 0 ? INT64_MAX : INT64_MIN;
  return ordered(node.op, age_ns, node.literals[0].integer);
}

// Recursion is bounded by what the parser lets through.
bool evaluate(const Node& node, const Context& in) {
  switch (node.kind) {
    case Node::Kind::constant:
      return node.truth;
    case Node::Kind::any_of:
      return std::any_of(node.children.begin(), node.children.end(), [&](const Node& n) { return evaluate(n, in); });
    case Node::Kind::all_of:
      return std::all_of(node.children.begin(), node.children.end(), [&](const Node& n) { return evaluate(n, in); });
    case Node::Kind::negate:
      return !evaluate(node.children[0], in);
    case Node::Kind::compare:
      return compare(node.subject.type, node.op, read(node.subject, in), node.literals[0]);
    case Node::Kind::age:
      return age_matches(node, in);
    case Node::Kind::exists:
      return read(node.subject, in).type != Value::Type::missing;
    default:
      break;
  }
  const Value value = read(node.subject, in);
  if (node.kind == Node::Kind::in)
    return std::any_of(node.literals.begin(), node.literals.end(), [&](const Literal& literal) {
      return compare(node.subject.type, Node::Op::equal, value, literal);
    });
  if (value.type != Value::Type::text) return false;
  if (node.kind == Node::Kind::cidr)
    return std::any_of(node.networks.begin(), node.networks.end(),
                       [&](const Network& network) { return contains(network, value.text); });
  return std::any_of(node.literals.begin(), node.literals.end(),
                     [&](const Literal& literal) { return text_call(node.kind, value.text, literal.text); });
}

}  // namespace

Expression::Parsed Expression::parse(std::string_view text) {
  Parser parser(text);
  auto root = parser.expression();
  if (!root) return {nullptr, parser.error()};
  return {std::unique_ptr<Expression>(new Expression(std::make_unique<Node>(*std::move(root)))), {}};
}

Expression::Expression(std::unique_ptr<Node> root) : root_(std::move(root)) {}
Expression::Expression(Expression&&) noexcept = default;
Expression& Expression::operator=(Expression&&) noexcept = default;
Expression::~Expression() = default;

bool Expression::matches(const csiem_event& event, int64_t now_unix_ns) const {
  std::string scratch;
  return evaluate(*root_, {event, now_unix_ns, scratch});
}

}  // namespace csiem::process
