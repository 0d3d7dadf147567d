// A parsed line: one flat row of tokens, reused line after line. The only door to the JSON parser.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <memory>
#include <string_view>

#include "base/arena.hpp"

namespace csiem::ingest {

enum class Kind : uint8_t { null, boolean, number, string, array, object };

// One value. A container is followed by its members or elements, each with everything inside it, so that the value
// after this one is `this + span`. All texts lie in the parsed bytes or, when they had escapes, in the arena.
struct Token {
  const char* key;   // of a member of an object, unescaped
  const char* text;  // string: unescaped; number: as written
  const char* raw;   // the value as it stands in the line, quotes and brackets included
  uint32_t key_len, text_len, raw_len;
  uint32_t span;   // tokens of this value, itself included
  uint32_t count;  // members or elements of a container
  Kind kind;
  bool truth;             // of a boolean
  bool non_finite;        // a number beyond the range of a double; on a container: somewhere inside
  bool integer;           // a number that fits 64 bits
  mutable bool shadowed;  // a later member of the same object has the same key; set by Emitter::mark_shadowed

  std::string_view key_view() const noexcept { return {key, key_len}; }
  std::string_view text_view() const noexcept { return {text, text_len}; }
  std::string_view raw_view() const noexcept { return {raw, raw_len}; }
  bool is(Kind k) const noexcept { return kind == k; }
};

// The members of an object or elements of an array, in the order of the line.
class Children {
 public:
  class Iterator {
   public:
    explicit Iterator(const Token* at) noexcept : at_(at) {}
    const Token& operator*() const noexcept { return *at_; }
    Iterator& operator++() noexcept {
      at_ += at_->span;
      return *this;
    }
    bool operator!=(const Iterator& other) const noexcept { return at_ != other.at_; }

   private:
    const Token* at_;
  };
  explicit Children(const Token& container) noexcept : container_(container) {}
  Iterator begin() const noexcept { return Iterator(&container_ + 1); }
  Iterator end() const noexcept { return Iterator(&container_ + container_.span); }

 private:
  const Token& container_;
};

// The last member of that name (of equal keys the last one counts), or null. A null value counts as no member.
const Token* find(const Token* object, std::string_view key) noexcept;

enum class ParseError : uint8_t { none, syntax, too_deep };

// Parses one JSON document at a time. One thread; its memory is kept between documents.
class Tape {
 public:
  // `max_depth` counts brackets.
  explicit Tape(std::size_t max_depth);
  ~Tape();
  Tape(const Tape&) = delete;
  Tape& operator=(const Tape&) = delete;

  // Reads the document at the front of `text`, whose bytes must live as long as the tokens are used; unescaped strings
  // go to `arena`. `consumed` is where the document ended, blanks after it included.
  ParseError parse(std::string_view text, Arena& arena, std::size_t& consumed);

  // The value that the last parse() read; valid until the next one.
  const Token& root() const noexcept;
  // True when there was no white space between tokens: raw texts are compact then.
  bool compact() const noexcept;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace csiem::ingest
