// A tokenizer over the text of a TOML file, for diagnostics only: where strings begin and end, what a line defines. It
// copes with broken text; the parser proper is toml++. Private to this room.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace csiem::config {

struct Token {
  enum class Kind { word, string, comment, mark, newline, end };
  Kind kind = Kind::end;
  std::size_t begin = 0, end = 0;        // bytes; of a string including its quotes
  std::size_t inner = 0, inner_end = 0;  // of a string: what is between the quotes
  bool closed = true;                    // of a string
  std::string_view text;                 // of the token
};

class Scanner {
 public:
  explicit Scanner(std::string_view text, std::size_t from = 0) : text_(text), at_(from) {}
  Token next();

 private:
  Token string_token();
  std::string_view text_;
  std::size_t at_;
};

// 1-based line and column (code points) of a byte, and back. Out of range positions give the end.
struct Place {
  uint32_t line = 1, column = 1;
};
Place place_of(std::string_view text, std::size_t offset);
std::size_t offset_of(std::string_view text, Place place);
std::string_view line_at(std::string_view text, uint32_t line);  // without its line feed
std::size_t code_points(std::string_view utf8);

// The byte of `text` from which byte `offset` of the TOML string that begins at byte `begin` came.
std::size_t offset_in_string(std::string_view text, std::size_t begin, std::size_t offset);

// A key that a line defines: [header], [[header]] or key =.
struct Definition {
  std::string table;  // header it stands under
  std::string key;    // as written, without spaces; empty for the header itself
  std::size_t begin = 0, end = 0;
};
std::vector<Definition> definitions(std::string_view text);

// Whether some key has so many parts that recursion over the tree would be dangerous.
std::optional<std::size_t> too_deep_key(std::string_view text, std::size_t max_parts);

}  // namespace csiem::config
