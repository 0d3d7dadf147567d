// What a placeholder does to a value before it is inserted: {decision.reason:oneline,cut(200)}.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

namespace csiem::templates {

struct Filter {
  enum class Kind { upper, lower, trim, oneline, cut, defang, basename, mask, hash8, ms, date, iso, raw } kind;
  std::size_t count = 0;  // of cut and mask, in characters

  // "cut(200)". Nothing when it is not one; `problem` says why and `suggestion` may name one.
  static std::optional<Filter> parse(std::string_view text, std::string* problem, std::string* suggestion);
  bool is_time() const noexcept { return kind == Kind::ms || kind == Kind::date || kind == Kind::iso; }

  // Writes the filtered `text` into `out`, whose old content goes. Not for filters of time and raw.
  void apply(std::string_view text, std::string& out) const;
  // ms: milliseconds since 1970; date: 2026-03-02; iso: 2026-03-02T08:00:00.123Z.
  void apply(int64_t unix_ns, std::string& out) const;
};

}  // namespace csiem::templates
