// Words of the expression language.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "process/expression.hpp"

namespace csiem::process {

enum class TokenKind { end, name, text, integer, real, duration, symbol, bad };

struct Token {
  TokenKind kind = TokenKind::end;
  std::size_t offset = 0, length = 0;  // in the source, bytes
  std::string_view source;             // as written; for symbols the symbol itself: "==", "&&", "(" ...
  std::string text;                    // content of a text, escapes resolved
  int64_t integer = 0;                 // integer; nanoseconds of a duration
  double real = 0;
};

// Cuts a source text into tokens, one at a time. Borrows the text for its own life.
class Lexer {
 public:
  explicit Lexer(std::string_view source) : source_(source) {}
  // The next token; `end` for ever after the last one; `bad` with error() filled where the text is none.
  Token next();
  const ExpressionError& error() const { return error_; }

 private:
  Token text_token(char quote);
  Token number_token();
  Token symbol_token();
  Token finish(TokenKind kind, std::size_t from);
  Token bad(std::size_t from, std::size_t length, std::string what);
  bool escape(std::string& out);

  std::string_view source_;
  std::size_t at_ = 0;
  ExpressionError error_{};
};

}  // namespace csiem::process
