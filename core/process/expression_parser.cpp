#include "process/expression_parser.hpp"

#include <utility>

#include "base/rfc3339.hpp"
#include "process/filter_guard.hpp"

namespace csiem::process {
namespace {

struct Call {
  std::string_view name;
  Expression::Node::Kind kind;
};
using Kind = Expression::Node::Kind;
constexpr Call kCalls[] = {{"exists", Kind::exists},
                           {"glob", Kind::glob},
                           {"starts_with", Kind::starts_with},
                           {"ends_with", Kind::ends_with},
                           {"contains", Kind::contains},
                           {"cidr", Kind::cidr},
                           {"age", Kind::age}};

const Call* find_call(std::string_view name) {
  for (const Call& call : kCalls)
    if (call.name == name) return &call;
  return nullptr;
}

std::string quoted(std::string_view text) { return "'" + std::string(text.substr(0, 64)) + "'"; }

}  // namespace

// ---- tokens and errors

void Parser::advance() {
  token_ = lexer_.next();
  if (token_.kind == TokenKind::bad && !failed_) {
    failed_ = true;
    error_ = lexer_.error();
  }
}

void Parser::fail(std::size_t offset, std::size_t length, std::string what, std::string suggestion) {
  if (failed_) return;
  failed_ = true;
  error_ = {offset, length == 0 ? 1 : length, std::move(what), std::move(suggestion)};
}

void Parser::fail(const Token& at, std::string what, std::string suggestion) {
  fail(at.offset, at.length, std::move(what), std::move(suggestion));
}

std::string Parser::seen() const { return token_.kind == TokenKind::end ? "the end" : quoted(token_.source); }

bool Parser::expect(std::string_view symbol, std::string_view why) {
  if (is(symbol)) {
    advance();
    return !failed_;
  }
  fail(token_, "expected " + quoted(symbol) + " " + std::string(why) + ", found " + seen());
  return false;
}

bool Parser::count(const Token& at) {
  if (++nodes_ <= kMaxExpressionNodes) return true;
  fail(at, "expression has more than " + std::to_string(kMaxExpressionNodes) + " parts");
  return false;
}

// ---- operators

std::optional<Expression::Node> Parser::expression() {
  if (source_.size() > kMaxExpressionBytes) {
    failed_ = false;
    fail(kMaxExpressionBytes, 1, "expression is longer than " + std::to_string(kMaxExpressionBytes) + " bytes");
    return std::nullopt;
  }
  auto node = either();
  if (!node || failed_) return std::nullopt;
  if (token_.kind != TokenKind::end) {
    fail(token_, "expected '&&', '||' or the end, found " + seen());
    return std::nullopt;
  }
  return node;
}

std::optional<Expression::Node> Parser::either() {
  auto first = both();
  if (!first || !is("||")) return first;
  Node node;
  node.kind = Node::Kind::any_of;
  node.children.push_back(*std::move(first));
  while (is("||")) {
    advance();
    auto next = both();
    if (!next) return std::nullopt;
    node.children.push_back(*std::move(next));
  }
  return node;
}

std::optional<Expression::Node> Parser::both() {
  auto first = negation();
  if (!first || !is("&&")) return first;
  Node node;
  node.kind = Node::Kind::all_of;
  node.children.push_back(*std::move(first));
  while (is("&&")) {
    advance();
    auto next = negation();
    if (!next) return std::nullopt;
    node.children.push_back(*std::move(next));
  }
  return node;
}

std::optional<Expression::Node> Parser::negation() {
  if (!is("!")) return primary();
  if (!count(token_)) return std::nullopt;
  advance();
  auto operand = primary();
  if (!operand) return std::nullopt;
  Node node;
  node.kind = Node::Kind::negate;
  node.children.push_back(*std::move(operand));
  return node;
}

std::optional<Expression::Node> Parser::primary() {
  if (failed_ || !count(token_)) return std::nullopt;
  if (is("(")) {
    if (++depth_ > kMaxExpressionDepth) {
      fail(token_, "parentheses are nested deeper than " + std::to_string(kMaxExpressionDepth));
      return std::nullopt;
    }
    advance();
    auto inner = either();
    --depth_;
    if (!inner || !expect(")", "to close the parenthesis")) return std::nullopt;
    return inner;
  }
  if (is_word("true") || is_word("false")) {
    Node node;
    node.truth = is_word("true");
    advance();
    return node;
  }
  if (token_.kind == TokenKind::name) return comparison();
  if (token_.kind == TokenKind::text || token_.kind == TokenKind::integer || token_.kind == TokenKind::real) {
    fail(token_, "a comparison begins with a field, not with a value: found " + seen());
  } else {
    fail(token_, "expected a field, a call or '(', found " + seen());
  }
  return std::nullopt;
}

// ---- comparisons

std::optional<Expression::Node> Parser::comparison() {
  const Token first = token_;
  if (find_call(first.source) != nullptr) return call(first);
  auto subject = path();
  if (!subject) return std::nullopt;
  Node node;
  node.subject = subject->subject;
  const bool is_not = is_word("not");
  if (is_not || is_word("in")) {
    if (is_not) advance();
    if (!is_word("in")) {
      fail(token_, "expected 'in' behind 'not', found " + seen());
      return std::nullopt;
    }
    advance();
    node.kind = Node::Kind::in;
    if (!list(node, *subject)) return std::nullopt;
    if (!is_not) return node;
    Node negated;
    negated.kind = Node::Kind::negate;
    negated.children.push_back(std::move(node));
    return negated;
  }
  node.kind = Node::Kind::compare;
  const auto operation = op();
  if (!operation) {
    const bool boolean = subject->subject.type == FieldType::boolean;
    fail(token_, "expected a comparison behind " + quoted(subject->text) + ", found " + seen(),
         boolean ? subject->text + " == true" : std::string());
    return std::nullopt;
  }
  node.op = *operation;
  auto literal = value(*subject);
  if (!literal) return std::nullopt;
  node.literals.push_back(*std::move(literal));
  return node;
}

std::optional<Expression::Node::Op> Parser::op() {
  static constexpr std::pair<std::string_view, Node::Op> kOps[] = {
      {"==", Node::Op::equal},      {"!=", Node::Op::not_equal}, {"<", Node::Op::less},
      {"<=", Node::Op::less_equal}, {">", Node::Op::greater},    {">=", Node::Op::greater_equal}};
  for (const auto& [symbol, operation] : kOps) {
    if (!is(symbol)) continue;
    advance();
    return operation;
  }
  return std::nullopt;
}

bool Parser::list(Node& node, const Path& of) {
  if (!expect("[", "to begin a list")) return false;
  while (true) {
    if (!count(token_)) return false;
    auto literal = value(of);
    if (!literal) return false;
    node.literals.push_back(*std::move(literal));
    if (is("]")) break;
    if (!expect(",", "or ']' in a list")) return false;
  }
  advance();
  return !failed_;
}

std::optional<Literal> Parser::value(const Path& of) {
  const Token token = token_;
  Literal literal;
  if (of.subject.type == FieldType::object) {
    fail(of.offset, of.length, quoted(of.text) + " is an object: name one of its members");
    return std::nullopt;
  }
  if (token.kind == TokenKind::text) {
    literal.text = token.text;
  } else if (token.kind == TokenKind::integer) {
    literal.type = Literal::Type::integer;
    literal.integer = token.integer;
    literal.real = static_cast<double>(token.integer);
  } else if (token.kind == TokenKind::real) {
    literal.type = Literal::Type::real;
    literal.real = token.real;
  } else if (is_word("true") || is_word("false")) {
    literal.type = Literal::Type::boolean;
    literal.boolean = is_word("true");
  } else if (token.kind == TokenKind::duration) {
    fail(token, "a duration compares with age() only", "age(timestamp)");
  } else if (token.kind == TokenKind::name) {
    fail(token, "the right side must be a value, found the name " + seen(), "\"" + std::string(token.source) + "\"");
  } else {
    fail(token, "expected a value, found " + seen());
  }
  if (failed_ || !fit(literal, of, token)) return std::nullopt;
  advance();
  if (failed_) return std::nullopt;
  return literal;
}

// Gives a text the form in which its field is compared. Types never convert: a number stays a number.
bool Parser::fit(Literal& literal, const Path& of, const Token& token) {
  if (literal.type != Literal::Type::text) return true;
  if (of.subject.type == FieldType::severity) {
    const auto rank = severity_rank(literal.text);
    if (!rank)
      fail(token, quoted(literal.text) + " is no severity (info, low, medium, high, critical)",
           nearest_severity(literal.text));
    literal.integer = rank.value_or(0);
  } else if (of.subject.type == FieldType::time) {
    const auto time = parse_rfc3339(literal.text);
    if (!time) fail(token, quoted(literal.text) + " is no time like 2026-03-02T08:00:00Z");
    if (time) literal.integer = time->unix_ns;
  } else if (of.subject.type == FieldType::guard) {
    literal.text = guard_class(literal.text);
  } else if (of.subject.type == FieldType::hash) {
    literal.text = std::string(hash_digits(literal.text));
  }
  return !failed_;
}

// ---- calls

std::optional<Expression::Node> Parser::call(const Token& name) {
  const Call* const known = find_call(name.source);
  advance();
  if (!expect("(", "behind " + quoted(name.source))) return std::nullopt;
  if (known->kind == Node::Kind::age) return age(name);
  auto subject = path();
  if (!subject) return std::nullopt;
  Node node;
  node.kind = known->kind;
  node.subject = subject->subject;
  if (node.kind == Node::Kind::exists) {
    if (!expect(")", "to close exists()")) return std::nullopt;
    return node;
  }
  if (subject->subject.type == FieldType::object) {
    fail(subject->offset, subject->length, quoted(subject->text) + " is an object: name one of its members");
    return std::nullopt;
  }
  if (!arguments(node) || !expect(")", "to close " + std::string(name.source) + "()")) return std::nullopt;
  return node;
}

// One text or several, of which any may fit.
bool Parser::arguments(Node& node) {
  do {
    if (!expect(",", "and a string")) return false;
    if (!count(token_)) return false;
    if (token_.kind != TokenKind::text) {
      fail(token_, "expected a string, found " + seen());
      return false;
    }
    if (!pattern(node, token_)) return false;
    advance();
  } while (is(","));
  return !failed_;
}

bool Parser::pattern(Node& node, const Token& token) {
  if (node.kind == Node::Kind::cidr) {
    const auto network = parse_network(token.text);
    if (!network) fail(token, quoted(token.text) + " is no network like 10.0.0.0/8 or 2001:db8::/32");
    if (network) node.networks.push_back(*network);
    return !failed_;
  }
  if (node.kind == Node::Kind::glob && token.text.size() > kMaxGlobBytes)
    fail(token, "a glob may have " + std::to_string(kMaxGlobBytes) + " bytes");
  Literal literal;
  literal.text = token.text;
  node.literals.push_back(std::move(literal));
  return !failed_;
}

// Stands behind "age(".
std::optional<Expression::Node> Parser::age(const Token& name) {
  auto subject = path();
  if (!subject) return std::nullopt;
  if (subject->subject.type != FieldType::time) {
    fail(subject->offset, subject->length, "age() takes timestamp or ingested_at", "timestamp");
    return std::nullopt;
  }
  if (!expect(")", "to close age()")) return std::nullopt;
  const auto operation = op();
  if (!operation) {
    fail(name, "age() must be compared with a duration", "age(" + subject->text + ") > \"5m\"");
    return std::nullopt;
  }
  Literal literal;
  if (token_.kind == TokenKind::duration) {
    literal.integer = token_.integer;
  } else if (const auto ns = token_.kind == TokenKind::text ? parse_duration_ns(token_.text) : std::nullopt) {
    literal.integer = *ns;
  } else {
    fail(token_, "expected a duration like \"5m\" or \"1h30m\", found " + seen());
    return std::nullopt;
  }
  advance();
  if (failed_) return std::nullopt;
  Node node;
  node.kind = Node::Kind::age;
  node.op = *operation;
  node.subject = subject->subject;
  node.literals.push_back(std::move(literal));
  return node;
}

// ---- paths

std::optional<Parser::Path> Parser::path() {
  if (token_.kind != TokenKind::name) {
    fail(token_, "expected a field, found " + seen());
    return std::nullopt;
  }
  Path path{{}, token_.offset, 0, {}};
  std::vector<std::string> segments;
  if (!path_segments(path, segments) || !resolve(path, std::move(segments))) return std::nullopt;
  return path;
}

bool Parser::path_segments(Path& path, std::vector<std::string>& segments) {
  segments.emplace_back(token_.source);
  std::size_t end = token_.offset + token_.length;
  advance();
  while (is(".") || is("[")) {
    const bool bracket = is("[");
    advance();
    if (token_.kind != (bracket ? TokenKind::text : TokenKind::name)) {
      fail(token_,
           std::string(bracket ? "expected a string in brackets" : "expected a name behind '.'") + ", found " + seen());
      return false;
    }
    segments.push_back(bracket ? token_.text : std::string(token_.source));
    end = token_.offset + token_.length;
    advance();
    if (!bracket) continue;
    end = token_.offset + token_.length;
    if (!expect("]", "to close the bracket")) return false;
  }
  path.length = end - path.offset;
  path.text = std::string(source_.substr(path.offset, path.length));
  return !failed_;
}

bool Parser::resolve(Path& path, std::vector<std::string> segments) {
  Subject& subject = path.subject;
  if (segments.size() > 1 && (segments[0] == "metadata" || segments[0] == "labels")) {
    subject.type = segments[0] == "metadata" ? FieldType::metadata : FieldType::label;
    segments.erase(segments.begin());
    if (subject.type == FieldType::label && segments.size() > 1) {  // a label name may hold dots
      for (std::size_t i = 1; i < segments.size(); ++i) segments[0] += "." + segments[i];
      segments.resize(1);
    }
    subject.path = std::move(segments);
    return true;
  }
  std::string dotted;
  for (const std::string& segment : segments) dotted += (dotted.empty() ? "" : ".") + segment;
  const Field* const field = find_field(dotted);
  if (field == nullptr) {
    if (is("(")) {
      fail(path.offset, path.length, "unknown call " + quoted(dotted));
    } else {
      fail(path.offset, path.length, "unknown field " + quoted(dotted), nearest_field(dotted));
    }
    return false;
  }
  subject.type = field->type;
  subject.member = field->text;
  if (field->type == FieldType::object) subject.path.push_back(dotted);
  return true;
}

}  // namespace csiem::process
