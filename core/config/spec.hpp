// Every key that the daemon itself knows: type, default, allowed values, description. The one place from which
// checking, typed reading, suggestions and `config defaults` come. Private to this room.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace csiem::config {

struct Key {
  enum class Kind {
    text,
    flag,
    integer,
    permits,  // an integer, or "adaptive" (then 0)
    real,
    duration,    // "5s", in ms
    seconds,     // integer seconds or a duration; in ms
    size,        // "1MiB" or integer bytes
    memory,      // a size or "auto"
    severity,    // info … critical
    word,        // one of `allowed`
    texts,       // array of strings
    words,       // array of words of `allowed`
    reals,       // array of numbers
    text_map,    // table of strings
    expression,  // ux.md 6
    secret,      // a cred: reference, or a literal
    any          // checked elsewhere
  };
  // What the key does in this version: `later` is checked and has no effect; `refused` is an error when it is set to
  // something that would have an effect, because ignoring it would be dangerous.
  enum class Use { now, later, refused };

  std::string_view path = {};  // dotted; "[]" after a list of tables
  Kind kind = Kind::text;
  std::string_view fallback = {};  // as TOML; empty: none
  std::string_view allowed = {};   // "a|b|c" for words, "1..100" for numbers, sizes and durations
  std::string_view about = {};     // one line
  Use use = Use::now;
  std::string_view refused = {};  // of a word: those that are refused
};

std::span<const Key> root_keys();           // everything but sources and exporters, by full path
std::span<const Key> source_keys();         // of [sources.ID]
std::span<const Key> exporter_only_keys();  // of [exporters.ID] alone
std::span<const Key> exporter_keys();       // of [exporters.ID] and [exporter_defaults]

const Key* find_key(std::span<const Key> keys, std::string_view path);
// `path` is a table that holds known keys.
bool is_section(std::span<const Key> keys, std::string_view path);
// The names that may stand directly in the table `path` ("" = the top).
std::vector<std::string> names_in(std::span<const Key> keys, std::string_view path);

}  // namespace csiem::config
