// Text to compiled expression: recursive descent over the grammar of ux.md 6, bounded in depth and size.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

#include "process/expression_lexer.hpp"
#include "process/expression_node.hpp"

namespace csiem::process {

inline constexpr std::size_t kMaxExpressionBytes = 16 * 1024;
inline constexpr std::size_t kMaxExpressionDepth = 64;
inline constexpr std::size_t kMaxExpressionNodes = 1000;  // comparisons, calls, operators and list elements together

// Every function returns nothing after the first error, which error() holds. Use once.
class Parser {
 public:
  explicit Parser(std::string_view source) : source_(source), lexer_(source) { advance(); }
  std::optional<Expression::Node> expression();
  const ExpressionError& error() const { return error_; }

 private:
  using Node = Expression::Node;
  struct Path {
    Subject subject;
    std::size_t offset, length;
    std::string text;
  };

  std::optional<Node> either();
  std::optional<Node> both();
  std::optional<Node> negation();
  std::optional<Node> primary();
  std::optional<Node> comparison();
  std::optional<Node> call(const Token& name);
  std::optional<Node> age(const Token& name);
  std::optional<Path> path();
  bool path_segments(Path& path, std::vector<std::string>& segments);
  bool resolve(Path& path, std::vector<std::string> segments);
  std::optional<Node::Op> op();
  bool list(Node& node, const Path& of);
  bool arguments(Node& node);
  std::optional<Literal> value(const Path& of);
  bool fit(Literal& literal, const Path& of, const Token& token);
  bool pattern(Node& node, const Token& token);

  void advance();
  bool is(std::string_view symbol) const { return token_.kind == TokenKind::symbol && token_.source == symbol; }
  bool is_word(std::string_view word) const { return token_.kind == TokenKind::name && token_.source == word; }
  bool expect(std::string_view symbol, std::string_view why);
  bool count(const Token& at);
  void fail(std::size_t offset, std::size_t length, std::string what, std::string suggestion = {});
  void fail(const Token& at, std::string what, std::string suggestion = {});
  std::string seen() const;

  std::string_view source_;
  Lexer lexer_;
  Token token_;
  std::size_t depth_ = 0, nodes_ = 0;
  bool failed_ = false;
  ExpressionError error_{};
};

}  // namespace csiem::process
